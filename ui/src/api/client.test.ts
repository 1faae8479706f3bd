import { afterEach, describe, expect, it, vi } from "vitest";
import { ApiError, decodeEnvelope, fetchApi } from "./client";

function errorOf(run: () => unknown): ApiError {
  try {
    run();
  } catch (error) {
    if (error instanceof ApiError) {
      return error;
    }
  }

  throw new Error("expected an ApiError");
}

describe("decodeEnvelope", () => {
  it("hands out data, warnings and infos", () => {
    const body = '{"status":"success","data":{"resultType":"scalar","result":[1,"NaN"]},"warnings":["w"],"infos":["i"]}';
    expect(decodeEnvelope(200, body)).toEqual({
      data: { resultType: "scalar", result: [1, "NaN"] },
      warnings: ["w"],
      infos: ["i"],
    });
  });

  it("reports the server's error with its type and status", () => {
    const error = errorOf(() => decodeEnvelope(400, '{"status":"error","errorType":"bad_data","error":"unknown function"}'));
    expect([error.type, error.message, error.status]).toEqual(["bad_data", "unknown function", 400]);
  });

  it("quotes a plain text answer of a proxy", () => {
    expect(errorOf(() => decodeEnvelope(502, "upstream gone\n")).message).toBe("Status 502: upstream gone");
  });

  it("does not quote HTML", () => {
    expect(errorOf(() => decodeEnvelope(503, "<html><b>nope</b></html>")).message).toBe("The server answered with status 503.");
  });

  it.each(["", "null", "[]", "42"])("refuses the body %j even with status 200", (body) => {
    expect(errorOf(() => decodeEnvelope(200, body)).type).toBe("http");
  });
});

describe("fetchApi", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("puts short parameters into the address", async () => {
    const calls: [string, RequestInit][] = [];
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
      calls.push([url, init]);
      return Promise.resolve(new Response('{"status":"success","data":1}'));
    });
    await fetchApi("http://host/prefix/", "query", { query: 'up{a="b&c"}' });
    expect(calls[0]?.[0]).toBe("http://host/prefix/api/v1/query?query=up%7Ba%3D%22b%26c%22%7D");
    expect(calls[0]?.[1].method).toBe("GET");
  });

  it("posts long queries", async () => {
    const calls: [string, RequestInit][] = [];
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
      calls.push([url, init]);
      return Promise.resolve(new Response('{"status":"success","data":1}'));
    });
    const query = "up + ".repeat(1000) + "up";
    await fetchApi("/", "query", { query });
    expect(calls[0]?.[0]).toBe("/api/v1/query");
    expect(calls[0]?.[1].method).toBe("POST");
    expect(new URLSearchParams(String(calls[0]?.[1].body)).get("query")).toBe(query);
  });

  it("turns a refused connection into an ApiError", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("failed")));
    await expect(fetchApi("/", "query")).rejects.toMatchObject({ type: "network" });
  });
});
