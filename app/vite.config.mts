import { defineConfig } from "vite";

/** Static pages that any web server can serve, under any path: `npm run build:app` writes dist/app. */
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  build: {
    outDir: "../dist/app",
    emptyOutDir: true,
    target: "es2022",
    // Nothing inline: the content policy of the pages forbids it.
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: false,
    chunkSizeWarningLimit: 1_500,
  },
});
