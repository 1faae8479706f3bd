import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Development and preview send everything that is not the UI itself to a running server.
const backend = process.env.NARTHEX_BACKEND ?? "http://127.0.0.1:9090";
const proxy = Object.fromEntries(["/api", "/-/", "/metrics"].map((path) => [path, { target: backend, changeOrigin: true }]));

export default defineConfig({
  // Every page lives one level below the route prefix, so relative addresses work under any prefix.
  base: "./",
  plugins: [react()],
  server: { host: "127.0.0.1", proxy },
  preview: { host: "127.0.0.1", proxy },
  build: {
    outDir: "dist",
    // Inlined data: URLs would need a laxer content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
});
