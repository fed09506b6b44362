import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    fileParallelism: false, // one Chromium at a time
    isolate: false, // the files share no state that could leak, only the cost of reading modules
    testTimeout: 60_000, // an axe pass on a busy two-core machine takes seconds
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } }, // as long as a locator waits
  },
})
