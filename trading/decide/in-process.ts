import type { Journal } from '../../stores/journal/port.ts';
import { askVoices, type VoiceTools } from '../agents/voices.ts';
import type { Clock } from '../clock.ts';
import { carryOutStop } from '../control/carry-out.ts';
import { executeLegs } from '../execute/execute-legs.ts';
import type { OrderTools } from '../execute/order-tools.ts';
import type { CycleTools } from './run-cycle.ts';

export interface ProcessTools
  extends Pick<CycleTools, 'market' | 'coordinator' | 'configuration'>,
    Pick<OrderTools, 'trading' | 'events' | 'logger'>,
    Pick<VoiceTools, 'agents'> {
  journal: Journal;
  /** Of books, orders and market: in a backtest the market's own. */
  clock: Clock;
}

/** What a cycle needs where all of it is in this process: its agents, those who follow its orders, and whoever carries a stop out. */
export function cycleInProcess(tools: ProcessTools): CycleTools {
  const { agents, market, journal, configuration, clock, logger } = tools;
  const { account } = configuration;
  const voices = { agents, readSnapshot: market.readSnapshot, journal, now: clock.now, logger };
  return {
    ...tools,
    agents: { ask: (terms, question) => askVoices(voices, terms, question) },
    venue: { execute: async (_terms, plan) => ({ orders: await executeLegs(tools, plan) }) },
    latch: { stop: () => carryOut(tools, account) },
  };
}

/** Until it is quiet, or somebody has resumed: there is no latch that would go on with it. */
async function carryOut(tools: ProcessTools, account: string): Promise<void> {
  const { epoch } = await tools.journal.control.read(account);
  // Orders of this process meet the fence, and their sweep, by themselves.
  const tell = async (): Promise<void> => undefined;
  for (let round = 0; ; round += 1) {
    const { quiet } = await carryOutStop({ ...tools, tell }, account, { epoch, round });
    const control = await tools.journal.control.read(account);
    if (quiet || control.tradingState !== 'halted') return;
  }
}
