import { useCallback, useEffect, useRef, useState } from "react";
import { baseUrl } from "../app/router";
import { type ApiResult, fetchApi } from "./client";

export interface ApiState<T> {
  readonly result: ApiResult<T> | null;
  readonly error: Error | null;
  readonly loading: boolean;
  readonly reload: () => void;
}

/** Loads once, again on reload() and every <code>intervalMs</code> while the page is visible. Keeps the last good answer. */
export function useApi<T>(path: string, intervalMs = 0): ApiState<T> {
  const [state, setState] = useState<Omit<ApiState<T>, "reload">>({ result: null, error: null, loading: true });
  const pending = useRef<AbortController | null>(null);

  const reload = useCallback(() => {
    pending.current?.abort();
    const controller = new AbortController();
    pending.current = controller;
    setState((old) => ({ ...old, loading: true }));
    fetchApi<T>(baseUrl, path, {}, controller.signal).then(
      (result) => setState({ result, error: null, loading: false }),
      (error: unknown) => {
        if (!controller.signal.aborted) {
          setState((old) => ({ ...old, error: toError(error), loading: false }));
        }
      },
    );
  }, [path]);

  useEffect(() => {
    reload();
    return () => pending.current?.abort();
  }, [reload]);

  useEffect(() => {
    if (intervalMs <= 0) {
      return undefined;
    }

    const timer = window.setInterval(() => {
      if (document.visibilityState === "visible") {
        reload();
      }
    }, intervalMs);
    return () => window.clearInterval(timer);
  }, [reload, intervalMs]);

  return { ...state, reload };
}

export function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
