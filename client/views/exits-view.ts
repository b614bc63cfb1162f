import type { Barrier } from '../../domain/protection/protection.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { Guard } from '../controls/guards.ts';

/** What ends a holding, and where it waits: what is ours needs us to run, what rests at the exchange does not. */
export interface ExitView {
  kind: Exclude<Barrier, 'by_hand'>;
  livesIn: 'sapphire' | 'exchange';
  /** Missing of a time limit. */
  price?: string;
  /** Of a time limit: UTC epoch milliseconds. */
  at?: number;
  /** The workflow that watches, or the order that rests. */
  by: string;
}

export function exitsFor(
  symbol: string,
  guards: readonly Guard[],
  openOrders: readonly Pick<Intent, 'symbol' | 'type' | 'stopPrice' | 'intentId'>[],
): ExitView[] {
  const ours = guards.flatMap(({ workflowId: by, symbol: of, exits }): ExitView[] => {
    if (of !== symbol || !exits?.holding) return [];
    const { stopLoss, trailingStop, takeProfit, closesAt } = exits.barriers;
    const priced = { stop_loss: stopLoss, trailing_stop: trailingStop, take_profit: takeProfit } as const;
    return [
      ...Object.entries(priced).flatMap(([kind, price]) =>
        price === undefined ? [] : [{ kind: kind as keyof typeof priced, livesIn: 'sapphire' as const, price, by }],
      ),
      ...(closesAt === undefined
        ? []
        : [{ kind: 'time_limit' as const, livesIn: 'sapphire' as const, at: closesAt, by }]),
    ];
  });
  const theirs = openOrders.flatMap(({ symbol: of, type, stopPrice, intentId: by }): ExitView[] =>
    of === symbol && type === 'stop' && stopPrice !== undefined
      ? [{ kind: 'stop_loss', livesIn: 'exchange', price: stopPrice, by }]
      : [],
  );
  return [...ours, ...theirs];
}
