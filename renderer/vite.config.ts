// The page: built to renderer/dist, with relative addresses so that it opens under any scheme and folder.
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

// The same page whatever the environment says: tests build it, too.
process.env.NODE_ENV = 'production';

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [vue()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'chrome140',
    // Data: and inline assets are refused by the page's policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});
