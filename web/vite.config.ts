import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

// The same input builds to the same bytes anywhere: names carry content hashes,
// and nothing that knows a machine's paths (source maps) is written.
export default defineConfig({
  plugins: [svelte()],
  // Every address in what is built is relative: one build serves at any prefix.
  base: './',
  build: {
    target: 'es2023',
    sourcemap: false,
    modulePreload: { polyfill: false },
    // Inlined assets would be data: URLs, which the content security policy refuses.
    assetsInlineLimit: 0,
  },
  worker: { format: 'es' },
  server: { proxy: { '/api': 'http://127.0.0.1:4319' } },
  test: { include: ['test/unit/**/*.test.ts'] },
})
