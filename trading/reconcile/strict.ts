import { setTimeout as sleep } from 'node:timers/promises';
import type { Reconciliation } from '../../contracts/control.ts';
import { type LookDependencies, lookAtBooks, tradedSymbols } from './look.ts';

const LOOKS = 4;
const LOOK_PAUSE_MS = 500;

/**
 * Holds the books against the exchange, strictly: at rest no order is open, no submission is without its end, and the totals of each asset are
 * equal. Changes nothing.
 */
export async function compareAtRest(dependencies: LookDependencies, account: string): Promise<Reconciliation> {
  const symbols = await tradedSymbols(dependencies, account);
  for (let tries = 1; ; tries += 1) {
    const look = await lookAtBooks(dependencies, account, symbols);
    const differences = [
      ...look.orders.map(({ symbol, intentId }) => `order ${intentId} on ${symbol} is open at the exchange`),
      ...look.intents.map(({ intentId, state }) => `submission ${intentId} is ${state}`),
      ...look.differences.map(({ words }) => words),
      ...(look.settled ? [] : ['trades kept coming in']),
    ];
    // A fill that is on its way into the books is there a moment later.
    if (differences.length === 0 || tries === LOOKS) return { clean: differences.length === 0, differences };
    await sleep(LOOK_PAUSE_MS);
  }
}
