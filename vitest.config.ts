import { defineConfig } from 'vitest/config';

/**
 * What a test needs is its suffix; without one it needs memory and files alone. They run in this order. A story of the whole system is `system`,
 * part of `npm test`, where its file takes less than a quarter of a minute on slow cores, and `proof` where it takes longer; the one that
 * proves the README takes two minutes and is `system` all the same.
 */
const kinds = ['workflow', 'contract', 'system', 'proof', 'engine', 'chaos'] as const;
const suffixed = kinds.map((kind) => `test/**/*.${kind}.test.ts`);

/** Bounds on what hangs; how long a test takes is the machine's affair. */
const shared = { testTimeout: 60_000, hookTimeout: 120_000, expect: { poll: { timeout: 15_000 } } };

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: suffixed,
          sequence: { groupOrder: 0 },
        },
      },
      ...kinds.map((name, index) => ({
        test: {
          ...shared,
          name,
          include: [`test/**/*.${name}.test.ts`],
          sequence: { groupOrder: index + 1 },
          ...(name === 'system' || name === 'proof' ? { globalSetup: 'test/support/temporal-server.ts' } : {}),
          // These wait more than they work: for leases, time limits, a stack's start.
          ...(name === 'contract' || name === 'system' || name === 'proof' ? { maxWorkers: 3 } : {}),
          // The chaos runs have the machine to themselves: what they time is how a system recovers, not how it shares two cores.
          ...(name === 'chaos' ? { maxConcurrency: 3 } : {}),
        },
      })),
    ],
  },
});
