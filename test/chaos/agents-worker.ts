import { setTimeout as sleep } from 'node:timers/promises';
import { serveStandIns } from '../support/stand-in-agents.ts';
import { directionIn, latenessIn, strengthIn } from './wishes.ts';

/** The cycle's id says what they think of each symbol, and who takes his time. */
await serveStandIns(async (agentId, { cycleId }) => {
  await sleep(latenessIn(cycleId, agentId));
  return (symbol) => {
    return { expectedReturn: 0.02 * directionIn(cycleId, symbol), uncertainty: 0.4, conviction: strengthIn(cycleId) };
  };
});
