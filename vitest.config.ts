import { defineConfig } from 'vitest/config';

/** The chaos runs have the machine to themselves: what they time is how a system recovers, not how it shares two cores. */
const chaos = 'test/chaos/**/*.test.ts';
/** Bounds on what hangs; how long a test takes is the machine's affair. */
const shared = { testTimeout: 60_000, hookTimeout: 120_000, expect: { poll: { timeout: 15_000 } } };

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...shared,
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: [chaos],
          sequence: { groupOrder: 0 },
        },
      },
      { test: { ...shared, name: 'chaos', include: [chaos], maxConcurrency: 2, sequence: { groupOrder: 1 } } },
    ],
  },
});
