import { setTimeout as sleep } from 'node:timers/promises';
import type { CycleRecord } from '../../contracts/cycle.ts';
import { decimal } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { Deeds } from './injector.ts';
import type { Failpoint } from './rewrites.ts';
import type { Action } from './schedule.ts';
import { symbols } from './settings.ts';
import type { ChaosStack } from './stack.ts';
import type { Traffic } from './traffic.ts';
import { until } from './wait.ts';

/** Each is tried so long before it counts as one that never struck: kills and other cycles come between. */
const MOST_MS = 90_000;
/** What is on its way keeps a symbol from any other order. */
const PAUSE_MS = 1_000;

/** Where a sale's worker dies, in turn. */
const deaths = ['after-send', 'before-send', 'between-booking-and-reply'] as const satisfies readonly Failpoint[];

type ViewAction = Extract<Action, { kind: 'resize' | 'ended-view' }>;

/** Of a kind of action, as a report names it. */
export function nameOf({ kind, dies }: ViewAction): string {
  return dies ? `${kind} killed` : kind;
}

/** Cycles whose views shrink, so that a part of a holding is sold, and cycles at which the view that something is held on has ended. */
export function createViews({ stack, traffic, deeds }: { stack: ChaosStack; traffic: Traffic; deeds: Deeds }) {
  let tries = 0;

  /** Whether this cycle sold what it was to sell, and the worker that was to die did so meanwhile. */
  const attempt = async ({ kind, dies }: ViewAction): Promise<boolean> => {
    await traffic.untilActive();
    const isIdle = async (): Promise<boolean> => (await stack.journal.intents.listOpen('main')).length === 0;
    if ((await traffic.held()).size === 0) await traffic.cycle({ up: symbols, down: [] });
    await until('the end of what is on its way', MOST_MS, async () => (await isIdle()) || undefined);
    const before = new Map(
      (await stack.journal.ledger.positions('main')).map(({ symbol, quantity }) => [symbol, quantity]),
    );
    const held = [...(await traffic.held())];
    const death = dies ? deaths[tries % deaths.length] : undefined;
    tries += 1;
    if (death) stack.arm(death);
    const wishes = kind === 'resize' ? { up: [], down: [], less: held } : { up: [], down: [], isOver: true };
    const record = await stack.journal.cycles.find(tagged(await traffic.cycle(wishes)));
    const isStruck = death === undefined || !stack.isArmed(death);
    if (!record || !isStruck) return false;
    return (
      record.plan?.legs.some(({ legId, symbol, side, quantity }) => {
        const order = record.orders.find((one) => one.legId === legId);
        const isSold = side === 'sell' && order !== undefined && decimal(order.filledQuantity).greaterThan(0);
        const isWhole = decimal(quantity).greaterThanOrEqualTo(before.get(symbol) ?? '0');
        return isSold && (kind === 'resize' ? !isWhole : hasEnded(record, symbol));
      }) ?? false
    );
  };

  return async (action: ViewAction): Promise<void> => {
    const untilAt = Date.now() + MOST_MS;
    while (Date.now() < untilAt) {
      if (await attempt(action)) {
        deeds.faults[nameOf(action)] = (deeds.faults[nameOf(action)] ?? 0) + 1;
        return;
      }
      await sleep(PAUSE_MS);
    }
  };
}

function hasEnded({ plan }: CycleRecord, symbol: string): boolean {
  return plan?.verdicts.some((verdict) => verdict.code === 'ViewEnded' && verdict.symbol === symbol) ?? false;
}
