import { serveStandIns } from '../support/stand-in-agents.ts';
import { directionIn, strengthIn } from './wishes.ts';

/** The cycle's id says what they think of each symbol. */
await serveStandIns((_agentId, { cycleId }) => (symbol) => {
  const direction = directionIn(cycleId, symbol);
  return { direction, expectedReturn: 0.02 * direction, uncertainty: 0.4, conviction: strengthIn(cycleId) };
});
