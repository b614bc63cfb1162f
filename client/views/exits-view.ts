import type { Barrier } from '../../domain/protection/protection.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { Guard } from '../controls/guards.ts';
import { priceText } from './account-view.ts';
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

export interface HeldExits {
  symbol: string;
  /** Missing while nobody tells. */
  exits?: readonly ExitView[];
}

const kinds = { stop_loss: 'stop', trailing_stop: 'trailing stop', take_profit: 'target', time_limit: 'time limit' };

/** In one line, what ends a holding and whether that needs Sapphire to run. */
export function exitsWords({ symbol, exits }: HeldExits): string {
  if (exits === undefined) return `${symbol}: what its exits are is not known while Temporal does not answer`;
  const words = ({ kind, price, at = 0 }: ExitView): string =>
    `${kinds[kind]} ${price === undefined ? clock(at) : priceText(price)}`;
  const here = exits.filter(({ livesIn }) => livesIn === 'sapphire').map(words);
  const there = exits.filter(({ livesIn }) => livesIn === 'exchange').map(words);
  const parts = [
    ...(here.length > 0 ? [`${here.join(', ')}, watched by Sapphire while it runs`] : []),
    ...(there.length > 0 ? [`${there.join(', ')}, an order at the exchange`] : []),
  ];
  return `${symbol}: ${parts.join('; ') || 'NO EXIT'}`;
}
