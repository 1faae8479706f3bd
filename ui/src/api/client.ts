/** What the server said besides the data. */
export interface ApiResult<T> {
  readonly data: T;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  /** From sending the request to having decoded the answer. */
  readonly elapsedMs: number;
}

/** An answer that is not a success, or no answer at all (type "network"). */
export class ApiError extends Error {
  constructor(
    readonly type: string,
    message: string,
    readonly status = 0,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

interface Envelope {
  status?: unknown;
  data?: unknown;
  errorType?: unknown;
  error?: unknown;
  warnings?: unknown;
  infos?: unknown;
}

/** Longer queries go into a request body: proxies commonly refuse addresses beyond 8 KiB. */
const urlLengthMax = 4000;

/** Asks the API below <code>baseUrl</code> (with a slash at its end). <code>path</code> is relative to api/v1. */
export async function fetchApi<T>(
  baseUrl: string,
  path: string,
  params: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<ApiResult<T>> {
  const started = performance.now();
  const address = `${baseUrl}api/v1/${path}`;
  const query = new URLSearchParams(params).toString();
  const usePost = query.length > urlLengthMax;

  let response: Response;
  let body: string;
  try {
    response = await fetch(usePost || query === "" ? address : `${address}?${query}`, {
      method: usePost ? "POST" : "GET",
      body: usePost ? new URLSearchParams(params) : undefined,
      headers: { Accept: "application/json" },
      credentials: "same-origin",
      cache: "no-store",
      signal,
    });
    body = await response.text();
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }

    throw new ApiError("network", "The server cannot be reached.");
  }

  const { data, warnings, infos } = decodeEnvelope(response.status, body);
  return { data: data as T, warnings, infos, elapsedMs: performance.now() - started };
}

/** Takes the API's envelope apart. Errors carry the server's own words where it has any. */
export function decodeEnvelope(status: number, body: string): { data: unknown; warnings: string[]; infos: string[] } {
  let envelope: Envelope | null = null;
  try {
    const parsed: unknown = JSON.parse(body);
    envelope = typeof parsed === "object" && parsed !== null ? parsed : null;
  } catch {
    // Proxies answer with HTML or plain text; the status below says what happened.
  }

  if (envelope?.status === "success") {
    return { data: envelope.data, warnings: strings(envelope.warnings), infos: strings(envelope.infos) };
  }

  if (envelope?.status === "error") {
    const type = typeof envelope.errorType === "string" ? envelope.errorType : "unknown";
    throw new ApiError(type, typeof envelope.error === "string" && envelope.error !== "" ? envelope.error : type, status);
  }

  const excerpt = body.trim().startsWith("<") ? "" : body.trim().slice(0, 300);
  throw new ApiError("http", excerpt === "" ? `The server answered with status ${status}.` : `Status ${status}: ${excerpt}`, status);
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}
