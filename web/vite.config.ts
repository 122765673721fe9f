import { defineConfig } from 'vite';

export default defineConfig({
  // The Rust server embeds web/dist and serves it below this path.
  base: '/graphiql/',
  build: {
    target: 'es2022',
    // An inlined worker or font would be a data: URL, which the Content-Security-Policy forbids for scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Monaco is one large chunk by nature; it is loaded after the page is drawn.
    chunkSizeWarningLimit: 4000,
    // "use client" in libraries is for React servers; a hundred warnings about it would hide real ones.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
  // Monaco's workers load further chunks, which only module workers can do.
  worker: { format: 'es' },
});
