import { useEffect, useState } from "react";
import { type ApiResult, fetchApi } from "../api/client";
import { toError } from "../api/useApi";
import { baseUrl } from "../app/router";

export interface QueryState<T> {
  readonly result: T | null;
  readonly error: Error | null;
  readonly loading: boolean;
}

/**
 * Runs a query whenever its key changes; the key names everything that it depends on. A newer run cancels
 * the older one, so that a slow answer never replaces a later one. The old result stays until the new one is there.
 */
export function useQuery<TData, TView>(
  key: string,
  endpoint: "query" | "query_range",
  params: () => Record<string, string> | null,
  view: (result: ApiResult<TData>, params: Record<string, string>) => TView,
): QueryState<TView> {
  const [state, setState] = useState<QueryState<TView>>({ result: null, error: null, loading: false });

  useEffect(() => {
    const chosen = params();
    if (chosen === null) {
      setState({ result: null, error: null, loading: false });
      return undefined;
    }

    const controller = new AbortController();
    setState((old) => ({ ...old, loading: true }));
    fetchApi<TData>(baseUrl, endpoint, chosen, controller.signal)
      .then((result) => setState({ result: view(result, chosen), error: null, loading: false }))
      .catch((error: unknown) => {
        if (!controller.signal.aborted) {
          setState({ result: null, error: toError(error), loading: false });
        }
      });
    return () => controller.abort();
    // The key stands for the parameters: they depend on the clock and would change with every drawing.
  }, [key]);

  return state;
}
