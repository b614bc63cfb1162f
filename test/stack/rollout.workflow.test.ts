import { expect, it } from 'vitest';
import { rollOutBy } from '../../client/stack/rollout.ts';
import { startTimeSkipping } from '../support/temporal.ts';

it('is left out, and said, on a server that knows no versions', async () => {
  const environment = await startTimeSkipping();
  const told: string[] = [];
  expect(await rollOutBy(environment.client, 'new', (message) => told.push(message))).toBe(false);
  expect(told).toEqual([expect.stringMatching(/^WARNING: this Temporal server keeps no versions of workers \(.+\): /)]);
  await environment.teardown();
});
