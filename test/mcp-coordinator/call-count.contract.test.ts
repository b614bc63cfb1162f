import { expect, it, vi } from 'vitest';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { connectClient, startHarness } from './harness.ts';

it('counts a tool that fails as failed, though HTTP says 200, and names that nobody knows as one', async () => {
  const harness = await startHarness();
  const client = await connectClient(harness.url, 'auto');
  const asked = { name: 'read_consensus', arguments: { cycleId: 'never' } };
  const find = vi.spyOn(harness.journal.cycles, 'findConsensus').mockRejectedValueOnce(new Error('disk'));
  expect(await client.callTool(asked)).toMatchObject({ isError: true });
  find.mockRestore();
  await client.callTool({ name: 'list_participation', arguments: {} });
  await client.callTool(asked);
  const { values } = await metrics.coordinatorCalls.get();
  expect(values.map(({ labels: { tool, outcome }, value }) => `${tool} ${outcome} ${value}`).toSorted()).toEqual([
    'list_participation failed 0',
    'list_participation ok 1',
    'read_consensus failed 1',
    'refused refused 1',
  ]);
  await client.close();
  await harness.close();
});
