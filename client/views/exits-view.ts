import type { Barrier } from '../../domain/protection/protection.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { Guard } from '../controls/guards.ts';
import { barrierWords, priceText } from './account-view.ts';
import { clock } from './cycle-view.ts';

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

/** @returns undefined while what watches the holding does not answer: that is not the same as no exit */
export function exitsFor(
  symbol: string,
  guards: readonly Guard[],
  openOrders: readonly Pick<Intent, 'symbol' | 'type' | 'stopPrice' | 'intentId'>[],
): ExitView[] | undefined {
  if (guards.some((guard) => guard.symbol === symbol && !guard.answers)) return undefined;
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

/**
 * In one line, what ends a holding and whether that needs Sapphire to run.
 *
 * @param exits undefined while nobody tells
 */
export function exitsWords(symbol: string, exits: readonly ExitView[] | undefined): string {
  if (exits === undefined)
    return `${symbol}: what its exits are is not known while Temporal or the workers do not answer`;
  const words = ({ kind, price, at = 0 }: ExitView): string =>
    `${barrierWords[kind]} ${price === undefined ? clock(at) : priceText(price)}`;
  const here = exits.filter(({ livesIn }) => livesIn === 'sapphire').map(words);
  const there = exits.filter(({ livesIn }) => livesIn === 'exchange').map(words);
  const parts = [
    ...(here.length > 0 ? [`${here.join(', ')}, watched by Sapphire while it runs`] : []),
    ...(there.length > 0 ? [`${there.join(', ')}, an order at the exchange`] : []),
  ];
  return `${symbol}: ${parts.join('; ') || 'NO EXIT'}`;
}
