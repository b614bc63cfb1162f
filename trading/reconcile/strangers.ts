import { type HaltTools, haltTrading } from '../control/halt.ts';
import type { Stranger } from './ingest.ts';

/** Halts on trades that are not ours: the account is Sapphire's alone. */
export function haltOnStrangers(tools: HaltTools, account: string): (strangers: readonly Stranger[]) => Promise<void> {
  return async (strangers) => {
    const [first] = strangers;
    if (!first) return;
    const others = strangers.length > 1 ? ` and ${strangers.length - 1} more` : '';
    await haltTrading(tools, {
      account,
      key: `stranger/${first.symbol}/${first.tradeId}`,
      reason: `${first.words}${others}`,
      by: 'ingestor',
    });
  };
}
