import type { CycleTerms } from '../../contracts/cycle.ts';

/** Terms of a cycle that asks nobody and is late for nothing, for workflows whose activities are scripted. */
export function cycleTerms(changes: Partial<CycleTerms> = {}): CycleTerms {
  return {
    account: 'main',
    mode: 'paper',
    symbols: ['BTC/USDT'],
    tradedSymbols: ['BTC/USDT'],
    candles: 30,
    bookLevels: 2,
    horizonMs: 3_600_000,
    endsAt: Date.now() + 86_400_000,
    maxLatenessMs: 86_400_000,
    agentDeadlineMs: 30_000,
    orderDeadlineMs: 25_000,
    onLegFailure: 'flatten',
    epoch: 0,
    tradingState: 'active',
    agents: [],
    disabledAgents: [],
    ...changes,
  };
}
