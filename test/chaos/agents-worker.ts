import { setTimeout as sleep } from 'node:timers/promises';
import { serveStandIns } from '../support/stand-in-agents.ts';
import { latenessIn, strengthIn, viewIn } from './wishes.ts';

/** The cycle's id says what they think of each symbol, and who takes his time. */
await serveStandIns(async (agentId, { cycleId }) => {
  await sleep(latenessIn(cycleId, agentId));
  return (symbol) => ({ ...viewIn(cycleId, symbol), conviction: strengthIn(cycleId) });
});
