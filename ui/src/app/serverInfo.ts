/** What the server writes into index.html; a placeholder that nobody replaced counts as absent. */
function placeholder(name: string): string {
  const content = document.querySelector(`meta[name="${name}"]`)?.getAttribute("content") ?? "";
  return content.startsWith("NARTHEX_") ? "" : content;
}

export const pageTitle = document.title.startsWith("NARTHEX_") || document.title === "" ? "Narthex" : document.title;

export const consolesLink = placeholder("narthex-consoles-link");

export const isAgent = placeholder("narthex-agent-mode") === "true";
