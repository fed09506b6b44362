import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    fileParallelism: false, // one Chromium at a time
    testTimeout: 60_000, // an axe pass on a busy two-core machine takes seconds
    hookTimeout: 60_000,
  },
})
