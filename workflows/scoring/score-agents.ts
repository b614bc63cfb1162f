import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { ScoringActivities } from '../../activities/scoring/index.ts';
import { accountInput } from '../../contracts/inputs.ts';
import type { ScoringReport } from '../../contracts/scores.ts';
import { readInput } from '../input.ts';

/** Nothing waits for a score: a venue that is away for a while only makes it later. */
const { scoreDueSignals } = proxyActivities<ScoringActivities>({
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '55s',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s' },
});

/** Holds the signals whose horizon has ended against what came. By schedule, once a minute. */
export async function scoreAgents(given: string): Promise<ScoringReport> {
  const account = readInput(accountInput, given);
  const report = await scoreDueSignals(account);
  const { settled, unknown, waiting, agents } = report;
  const scores = agents.map(({ agentId, count, skill, trust, belief }) => {
    // Recorded reports of an earlier release have none.
    const believed = belief ? `, believed ${(belief.slope * 100).toFixed(1)} % of its return` : '';
    return `${agentId}: skill ${(skill * 100).toFixed(1)} % over ${count}, trust ${trust.toFixed(2)}${believed}`;
  });
  setCurrentDetails(
    [`${settled} signals scored, ${unknown} without an outcome, ${waiting} waiting`, ...scores].join('\n\n'),
  );
  return report;
}
