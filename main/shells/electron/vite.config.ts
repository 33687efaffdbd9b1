// The preload script: one CommonJS file, since a sandboxed one may require nothing but Electron.
import { join } from 'node:path';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  build: {
    ssr: 'preload.ts',
    outDir: join(import.meta.dirname, '../../../dist/app/main/shells/electron'),
    emptyOutDir: false,
    target: 'chrome140',
    minify: false,
    reportCompressedSize: false,
    rolldownOptions: {
      external: ['electron'],
      output: { format: 'cjs', entryFileNames: 'preload.cjs' },
    },
  },
});
