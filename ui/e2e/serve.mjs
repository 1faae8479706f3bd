/**
 * Serves dist as the contract in README.md says, under PREFIX and with the content security policy, in front of the API of
 * NARTHEX_BACKEND. For running the browser tests without our server: node e2e/serve.mjs, then BASE_URL=http://127.0.0.1:PORT/PREFIX.
 */
import { readFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { extname, join, normalize } from "node:path";

const backend = new URL(process.env.NARTHEX_BACKEND ?? "http://127.0.0.1:9090");
const prefix = process.env.PREFIX ?? "";
const dist = join(import.meta.dirname, "..", "dist");
const pages = new Set(["/query", "/alerts", "/rules", "/alertmanager-discovery", "/targets", "/status", "/tsdb-status", "/flags", "/config"]);
const types = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json", ".html": "text/html; charset=utf-8" };

const server = createServer(async (incoming, outgoing) => {
  const url = new URL(incoming.url, "http://localhost");
  if (!url.pathname.startsWith(`${prefix}/`)) {
    outgoing.writeHead(404).end();
    return;
  }

  const path = url.pathname.slice(prefix.length);
  if (path.startsWith("/api/")) {
    const target = { host: backend.hostname, port: backend.port, path: path + url.search, method: incoming.method, headers: incoming.headers };
    incoming.pipe(
      request(target, (answer) => {
        outgoing.writeHead(answer.statusCode, answer.headers);
        answer.pipe(outgoing);
      }).on("error", () => outgoing.writeHead(502).end()),
    );
    return;
  }

  const file = pages.has(path) ? "/index.html" : normalize(path);
  try {
    const body = await readFile(join(dist, file));
    outgoing.writeHead(200, {
      "Content-Type": types[extname(file)] ?? "application/octet-stream",
      "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    });
    outgoing.end(body);
  } catch {
    outgoing.writeHead(404).end();
  }
});

server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}${prefix}`));
