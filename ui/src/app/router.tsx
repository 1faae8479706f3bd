import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from "react";

/**
 * The route prefix as the browser sees it. Every page lives one level below it, so the directory of
 * the first address is the prefix, also behind a proxy that the server knows nothing of.
 */
export const baseUrl = new URL(".", window.location.href).pathname;

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("popstate", listener);
  };
}

function currentPage(): string {
  const path = window.location.pathname;
  return path.startsWith(baseUrl) ? path.slice(baseUrl.length) : path;
}

/** The page's name: "query", "targets", ... and "" for the prefix itself. */
export function usePage(): string {
  return useSyncExternalStore(subscribe, currentPage);
}

/** The address's parameters with their question mark. */
export function useSearch(): string {
  return useSyncExternalStore(subscribe, () => window.location.search);
}

/** Goes to a page; <code>replace</code> leaves no step to go back to. */
export function navigate(page: string, search = "", replace = false): void {
  const address = `${baseUrl}${page}${search === "" ? "" : `?${search.replace(/^\?/, "")}`}`;
  if (address === window.location.pathname + window.location.search) {
    return;
  }

  window.history[replace ? "replaceState" : "pushState"](null, "", address);
  listeners.forEach((listener) => listener());
}

interface PageLinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  readonly page: string;
  readonly search?: string;
}

/** A real link, so that opening in a new tab and copying work; plain clicks stay inside the page. */
export function PageLink({ page, search = "", onClick, ...rest }: PageLinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    if (!event.defaultPrevented && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      navigate(page, search);
    }
  };
  return <a {...rest} href={`${baseUrl}${page}${search === "" ? "" : `?${search}`}`} onClick={follow} />;
}
