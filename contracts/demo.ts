import type { Mode } from '../domain/market/market.ts';
import { noRecord } from '../domain/scoring/belief.ts';

/** Whether each agent is taken at its word (`demo: true`), or believed as far as its own record goes. */
export interface Belief {
  mode: Mode;
  demo: boolean;
}

/** Beside the mode, wherever that is named. */
export const DEMO_LABEL = 'demo: agents are taken at their word, to show the machinery and no edge';
/** The same where it is no demo. */
export const RECORD_LABEL = 'agents are believed as far as their own record goes, and without one it holds cash';

/** Where nothing is known of belief, the mode alone. */
export function paperLabel(demo: boolean | undefined): string {
  return demo === undefined ? 'paper' : `paper, ${demo ? DEMO_LABEL : RECORD_LABEL}`;
}

/** What came of it, wherever its results are shown. */
export const DEMO_RECORD =
  'On the month of real prices that was tried (BTC by the minute, January 2022) the rule that trades in a demo lost 8.3 % in 28 days, of which fees took 4.7 % of the account; 25 of its 103 sales won.';

/** What a person may expect of a system, and what to do if that is not what they wanted. */
export function expectationOf({ mode, demo }: Belief): string[] {
  if (demo) {
    return [
      `DEMO: agents are taken at their word, so that orders are seen. It shows the machinery and no edge. ${DEMO_RECORD}`,
      '"demo: true" in trading.yml does it; take it out to trade on what agents have earned alone.',
    ];
  }
  return [
    `HOLDS CASH until an agent has earned belief: of the return that each expects counts what its own record bears out, and ${100 * noRecord.slope} % without one, which pays for no trade over an hour.`,
    `To change that: switch agents on (README, "The agents") and let them be scored ("./sapphire agents scores" shows how far they are)${mode === 'paper' ? ', or set "demo: true" in trading.yml to see orders at once' : ''}.`,
  ];
}
