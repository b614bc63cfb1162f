import { afterEach, beforeEach, expect, it } from 'vitest';
import { enableOfferedAgents } from '../../client/stack/engine-agents.ts';
import { agentIds } from '../../domain/signals/agents.ts';
import { type Harness, startHarness, TOKEN } from '../mcp-coordinator/harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.close());

async function enabled(): Promise<string[]> {
  const { agents } = await harness.journal.participation.read();
  return agentIds.filter((agentId) => agents[agentId]?.enabled);
}

const coordinator = () => ({ url: harness.url, token: TOKEN });

it('switches an agent on with its engine, and says so in the journal', async () => {
  expect(await enabled()).not.toContain('fracast');
  await enableOfferedAgents(['fracast'], coordinator());
  expect(await enabled()).toContain('fracast');
  expect(await harness.journal.participation.changes(5)).toMatchObject([
    {
      agentId: 'fracast',
      before: { enabled: false },
      after: { enabled: true },
      reason: 'first start with --with fracast',
    },
  ]);
});

it('leaves it off once a person has switched it off', async () => {
  await enableOfferedAgents(['fracast'], coordinator());
  await harness.journal.participation.change({
    requestId: 'a person',
    agentId: 'fracast',
    settings: { enabled: false },
    by: 'a person',
    reason: 'measured',
  });
  await enableOfferedAgents(['fracast'], coordinator());
  expect(await enabled()).not.toContain('fracast');
});

it('asks nothing of the coordinator for engines whose agents take part anyway', async () => {
  const before = await harness.journal.participation.read();
  await enableOfferedAgents(['lag-llama', 'freqtrade'], { url: 'http://127.0.0.1:9/mcp', token: TOKEN });
  expect(await harness.journal.participation.read()).toEqual(before);
});
