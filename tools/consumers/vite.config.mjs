// Bundles main.js whole, and fails on what a browser lacks.
import { builtinModules } from 'node:module';

const builtin = new Set(builtinModules);

// Vite asks for a default export.
export default {
  build: {
    lib: { entry: 'main.js', formats: ['es'], fileName: 'bundle' },
    minify: false,
    rollupOptions: {
      onwarn(warning) {
        throw new Error(warning.message);
      },
    },
  },
  plugins: [
    {
      name: 'no-node-modules',
      enforce: 'pre',
      resolveId(id, importer) {
        // xgrammar's Emscripten module names `url` in a branch for Node, which Vite replaces and browsers never take.
        if ((!id.startsWith('node:') && !builtin.has(id)) || importer.includes('web-xgrammar')) return;
        throw new Error(`${importer} imports ${id}, which browsers lack.`);
      },
    },
  ],
};
