import type { AgentId } from '../../domain/signals/agents.ts';
import { serveStandIns } from '../support/stand-in-agents.ts';

/**
 * Stand-ins for the six agents that answer at once, for the benchmark alone. With `BENCH_VIEW=turns` every other answer of an agent is up and
 * the one after it down, so that each cycle has something to trade; with `flat` no cycle has.
 */
const turns = process.env['BENCH_VIEW'] !== 'flat';
const asked = new Map<AgentId, number>();

await serveStandIns((agentId) => {
  const count = asked.get(agentId) ?? 0;
  asked.set(agentId, count + 1);
  const direction = turns ? (count % 2 === 0 ? 1 : -1) : 0;
  return () => ({ expectedReturn: 0.01 * direction, uncertainty: 0.01, conviction: 0.8 });
});
