import type { OutboxEvent } from '../../../stores/journal/books/outbox.ts';
import { type Exact, exact, isNear, NOTHING, over, rounded, shown, times, total } from './exact.ts';
import type { Walked } from './walk.ts';

type Row = Readonly<Record<string, string | number | null>>;
/** Rows of a report as it gives them. */
export type Reported = Readonly<Record<string, readonly Row[]>>;

const DAY_MS = 86_400_000;
const dayOf = (at: number): number => Math.floor(at / DAY_MS);
const numberOf = (amount: Exact): number => Number(shown(amount));

/**
 * Each report by its name, made anew by what `report list` says of it, over all that was booked. Amounts have the reports' eight places.
 *
 * Not here, and why: `equity` is of marks within a day, which `pnl-days` and `drawdown` hold; `agents`, `calibration` and `pnl-agents` tell of what agents said, and `sizing` of what was made of it, of which the exchange knows nothing; `incidents` of what
 * was done about faults. The percentiles of `latency` are approximate by their description: its counts are here.
 */
const recomputed: Record<
  string,
  (walked: Walked, events: readonly OutboxEvent[]) => Record<string, Exact | number | string | null>[]
> = {
  'pnl-days': ({ trades, flows, marks }) => {
    const days = [...new Set([...trades, ...flows, ...marks].map(({ at }) => dayOf(at)))].sort((a, b) => a - b);
    let standing = NOTHING;
    let result = NOTHING;
    return days.map((day) => {
      const own = trades.filter(({ at }) => dayOf(at) === day);
      const paid = flows.filter(({ at }) => dayOf(at) === day);
      const last = marks.filter(({ at }) => dayOf(at) === day).at(-1);
      const before = result;
      // An account begins with nothing: what was paid in before its first mark is no gain.
      if (last)
        result =
          last.equity - total(flows.filter(({ sequence }) => sequence < last.sequence).map(({ value }) => value));
      const [pnl, paidIn] = [result - before, total(paid.map(({ value }) => value))];
      standing += pnl + paidIn;
      return {
        day,
        equity: standing,
        pnl,
        flows: paidIn,
        realized: total([...own, ...paid].map(({ realized }) => realized)),
        fees: total(own.map(({ feeWorth }) => feeWorth ?? NOTHING)),
        turnover: total(own.map(({ price, quantity }) => times(price, quantity))),
        fills: own.length,
        unknown_fees: own.filter(({ feeWorth }) => feeWorth === undefined).length,
      };
    });
  },

  'pnl-symbols': ({ trades, flows, marks }) => {
    const held = marks.at(-1)?.held ?? [];
    const moved = flows.filter(({ symbol }) => symbol !== undefined);
    const symbols = [...new Set([...trades, ...moved, ...held].map(({ symbol }) => symbol ?? ''))].sort();
    return symbols.map((symbol) => {
      const own = trades.filter((trade) => trade.symbol === symbol);
      const sold = own.filter(({ side }) => side === 'sell');
      const sales = Object.values(Object.groupBy(sold, ({ order }) => order));
      const won = sales.filter((fills = []) => total(fills.map(({ realized }) => realized)) > 0n);
      const now = held.find((one) => one.symbol === symbol);
      return {
        symbol,
        realized: total([...own, ...moved.filter((flow) => flow.symbol === symbol)].map(({ realized }) => realized)),
        unrealized: now?.unrealized ?? NOTHING,
        held: now?.value ?? NOTHING,
        fees: total(own.map(({ feeWorth }) => feeWorth ?? NOTHING)),
        turnover: total(own.map(({ price, quantity }) => times(price, quantity))),
        fills: own.length,
        unknown_fees: own.filter(({ feeWorth }) => feeWorth === undefined).length,
        wins: sales.length === 0 ? null : won.length / sales.length,
      };
    });
  },

  drawdown: ({ marks }) =>
    byDay(marks, (own, day) => {
      const falls = own.map(({ equity, highWater }) => numberOf(over(highWater - equity, highWater)));
      const highest = own.reduce((most, { highWater }) => (highWater > most ? highWater : most), NOTHING);
      return { day, worst: Math.max(...falls), at_end: falls.at(-1) ?? 0, high_water: highest };
    }),

  costs: (_walked, events) =>
    byDay(cyclesIn(events), (own, day) => ({
      day,
      decisions: own.length,
      traded: own.filter(({ orders }) => orders > 0).length,
    })),

  cycles: (_walked, events) =>
    byDay(cyclesIn(events), (own, day) => {
      const ended = (outcome: string): number => own.filter((cycle) => cycle.outcome === outcome).length;
      return {
        day,
        completed: ended('COMPLETED'),
        no_trade: ended('NO_TRADE'),
        degraded: ended('DEGRADED'),
        halted: ended('HALTED'),
        skipped: ended('SKIPPED_STALE'),
      };
    }),

  latency: ({ trades }, events) => {
    const seen = cyclesIn(events).filter(({ snapshotAt }) => snapshotAt !== undefined);
    const cycles = new Map(seen.filter(({ fills }) => fills > 0).map((cycle) => [cycle.cycleId, cycle]));
    const waits = trades.flatMap((trade) => {
      const cycle = cycles.get(trade.cycleId ?? '');
      return cycle ? [dayOf(cycle.at)] : [];
    });
    return byDay(seen, (_own, day) => ({ day, fills: waits.filter((one) => one === day).length }));
  },

  fills: ({ trades }, events) => {
    const decided = new Set(
      cyclesIn(events)
        .filter(({ fills, snapshotAt }) => fills > 0 && snapshotAt !== undefined)
        .map(({ cycleId }) => cycleId),
    );
    const own = trades.filter(({ cycleId }) => cycleId !== undefined && decided.has(cycleId));
    const groups: Partial<Record<string, typeof own>> = Object.groupBy(own, ({ symbol, side, liquidity }) =>
      [symbol, side, liquidity].join(' '),
    );
    return Object.keys(groups)
      .sort()
      .map((key) => {
        const [symbol = '', side = '', liquidity = ''] = key.split(' ');
        const group = groups[key] ?? [];
        const known = group.filter(({ feeWorth }) => feeWorth !== undefined);
        const worth = (some: typeof group): Exact => total(some.map(({ price, quantity }) => times(price, quantity)));
        const fees = total(known.map(({ feeWorth }) => feeWorth ?? NOTHING));
        return {
          symbol,
          side,
          liquidity,
          fills: group.length,
          turnover: numberOf(worth(group)),
          fee: known.length === 0 ? null : numberOf(over(fees, worth(known))) * 10_000,
        };
      });
  },
};

interface Cycle {
  cycleId: string;
  at: number;
  outcome: string;
  orders: number;
  fills: number;
  snapshotAt: number | undefined;
}

function cyclesIn(events: readonly OutboxEvent[]): Cycle[] {
  return events.flatMap(({ kind, payload }) => {
    if (kind !== 'cycle.finished') return [];
    const { cycleId, finishedAt, outcome, orders, fills, snapshot } = payload as {
      cycleId: string;
      finishedAt: number;
      outcome: string;
      orders: unknown[];
      fills: unknown[];
      snapshot?: { takenAt: number };
    };
    return [
      { cycleId, at: finishedAt, outcome, orders: orders.length, fills: fills.length, snapshotAt: snapshot?.takenAt },
    ];
  });
}

function byDay<T extends { at: number }, Made>(all: readonly T[], make: (own: T[], day: number) => Made): Made[] {
  const days = [...new Set(all.map(({ at }) => dayOf(at)))].sort((a, b) => a - b);
  return days.map((day) =>
    make(
      all.filter(({ at }) => dayOf(at) === day),
      day,
    ),
  );
}

/** The names of those that are held against the exchange's records. */
export const recomputedReports = Object.keys(recomputed);

/** What the reports say otherwise than what is recomputed. Those that are missing are not asked of. */
export function compareReports(walked: Walked, events: readonly OutboxEvent[], reported: Reported): string[] {
  return Object.entries(recomputed).flatMap(([name, make]) => {
    const rows = reported[name];
    if (!rows) return [];
    const wanted = make(walked, events);
    const counts = rows.length === wanted.length ? [] : [`${name}: ${rows.length} rows, recomputed ${wanted.length}`];
    const cells = wanted.flatMap((row, index) =>
      Object.entries(row).flatMap(([column, value]) => {
        const cell = rows[index]?.[column];
        return isSame(cell, value)
          ? []
          : [`${name} ${shownCell(Object.values(row)[0])} ${column}: reported ${cell}, recomputed ${shownCell(value)}`];
      }),
    );
    return [...counts, ...cells];
  });
}

function isSame(cell: string | number | null | undefined, value: Exact | number | string | null | undefined): boolean {
  // Each of many amounts is kept with 18 places, and their sum is told with eight.
  if (typeof value === 'bigint') return typeof cell === 'string' && isNear(exact(cell), value, 8);
  if (typeof value === 'number')
    return typeof cell === 'number' && Math.abs(cell - value) <= 1e-9 * Math.max(1, Math.abs(value));
  return cell === value;
}

function shownCell(value: Exact | number | string | null | undefined): string {
  return typeof value === 'bigint' ? shown(rounded(value, 20)) : String(value);
}
