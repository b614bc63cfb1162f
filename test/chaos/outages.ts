import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { tagged } from '../../domain/money/tagged.ts';
import type { Fate } from '../../venues/simulated/engine/types.ts';
import type { Deeds } from './injector.ts';
import { violation } from './invariants.ts';
import type { Action } from './schedule.ts';
import { symbols } from './settings.ts';
import type { ChaosStack } from './stack.ts';
import type { Traffic } from './traffic.ts';
import { until } from './wait.ts';
import type { LateAgent } from './wishes.ts';

/** Each is tried so often before it counts as one that never struck: kills and other cycles come between. */
const TRIES = 6;
const LOCKED_MS = 30_000;
const LONGEST_LOOK_MS = 60_000;

const faultSchema = z.looseObject({ id: z.number() });
const logSchema = z.object({
  orders: z.array(z.looseObject({ status: z.string(), expiryReason: z.string().optional() })),
});

type Of<Kind extends Action['kind']> = Extract<Action, { kind: Kind }>;

export interface OutageTools {
  stack: ChaosStack;
  traffic: Traffic;
  deeds: Deeds;
  /**
   * Within this time it has to be told that a symbol is not traded: whoever asks for it is refused and reads the list anew, health looks each
   * ten seconds, and both may be killed.
   */
  toldMs: number;
}

/** What strikes from outside and lasts: a market that is closed, clocks that are wrong, orders that are lost, agents and a journal that do not answer. */
export function createOutages({ stack, traffic, deeds, toldMs }: OutageTools) {
  const struck = (name: string): void => {
    deeds.faults[name] = (deeds.faults[name] ?? 0) + 1;
  };

  const untilStruck = async (name: string, attempt: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; tries < TRIES; tries += 1) {
      await traffic.untilActive();
      if (!(await attempt())) continue;
      struck(name);
      return;
    }
  };

  const inject = async (fault: Record<string, unknown>): Promise<number> => {
    const made = await until('the exchange for a fault', LONGEST_LOOK_MS, () => stack.admin('POST', '/faults', fault));
    return faultSchema.parse(made).id;
  };

  const isWaiting = async (id: number): Promise<boolean> =>
    until('the faults of the exchange', LONGEST_LOOK_MS, async () =>
      z
        .array(faultSchema)
        .parse(await stack.admin('GET', '/faults'))
        .some((fault) => fault.id === id),
    );

  /** Turns everything that is held and everything that is not: wishes of orders on every symbol. */
  const turn = async (late?: LateAgent): Promise<string> => {
    const own = await traffic.held();
    const wishes = { up: symbols.filter((symbol) => !own.has(symbol)), down: [...own] };
    return traffic.cycle(late ? { ...wishes, late } : wishes);
  };

  const isTold = async (symbol: string, since: number): Promise<boolean> => {
    const incidents = await stack.journal.incidents.list({ limit: 50 });
    return incidents.some(
      ({ code, detail, detectedAt, recoveredAt }) =>
        code === 'market.untraded' && detail.includes(symbol) && (detectedAt >= since || recoveredAt === undefined),
    );
  };

  /** Over once the others were traded and an incident tells of it. */
  const closeMarket = async ({ how, held }: Of<'untraded'>): Promise<boolean> => {
    const symbol = await until('a symbol that is to be closed', LONGEST_LOOK_MS, async () => {
      const own = await traffic.held();
      const found = symbols.find((each) => own.has(each) === held);
      if (found === undefined) await traffic.cycle(held ? { up: symbols, down: [] } : { up: [], down: symbols });
      return found;
    });
    const kind = how === 'delisted' ? 'delist-symbol' : 'halt-symbol';
    const since = Date.now();
    const id = await inject({ kind, symbol: symbol.replace('/', ''), as: 'BREAK' });
    const closed = { symbol, from: since, to: Number.MAX_SAFE_INTEGER };
    deeds.closures.push(closed);
    let [isTraded, told] = [false, false];
    let lasted = true;
    while (lasted && !(isTraded && told) && Date.now() < since + toldMs) {
      const cycle = await stack.journal.cycles.find(tagged(await turn()));
      isTraded ||= cycle?.orders.some((order) => order.symbol !== symbol && order.state === 'filled') ?? false;
      told ||= await isTold(symbol, since);
      // The exchange begins anew without its faults when it is killed.
      lasted = await isWaiting(id);
    }
    if (lasted) await until('an open market', LONGEST_LOOK_MS, () => stack.admin('DELETE', `/faults/${id}`));
    closed.to = Date.now();
    if (lasted && !told) deeds.violations.push(violation('I6', `nobody was told that ${symbol} is ${how}`));
    return lasted && isTraded;
  };

  const filledOrders = async (): Promise<number> =>
    (await stack.journal.cycles.find(tagged(await turn())))?.orders.filter(({ state }) => state === 'filled').length ??
    0;

  /** @returns the orders that were filled by this clock. */
  const tradeBy = async ({ victim, skewMs }: Pick<Of<'clock'>, 'victim' | 'skewMs'>): Promise<number> => {
    stack.setClock(victim, skewMs);
    await until(`the clock of ${victim}`, LONGEST_LOOK_MS, () => stack.clockOf(victim) === skewMs || undefined);
    const filled = await filledOrders();
    deeds.disturbances.push(Date.now());
    return filled;
  };

  /** Trades by a wrong clock, and when it was stepped back. */
  const skewClock = async ({ victim, skewMs }: Of<'clock'>): Promise<boolean> => {
    const wrong = await tradeBy({ victim, skewMs }).finally(() => stack.setClock(victim, 0));
    const right = await tradeBy({ victim, skewMs: 0 });
    return wrong > 0 && right > 0;
  };

  const lost = async (fate: Fate): Promise<number> =>
    until('the log of the exchange', LONGEST_LOOK_MS, async () => {
      const { orders } = logSchema.parse(await stack.admin('GET', '/log?account=main'));
      // One that expired by its own terms says so.
      return orders.filter(({ status, expiryReason }) => status === fate && expiryReason === undefined).length;
    });

  /** The next limit order that is taken. */
  const loseOrder = async (fate: Fate): Promise<boolean> => {
    const before = await lost(fate);
    const id = await inject({ kind: 'lose-order', account: 'main', fate, count: 1 });
    deeds.disturbances.push(Date.now());
    for (let cycles = 0; cycles < 3 && (await isWaiting(id)); cycles += 1) {
      await traffic.untilActive();
      await turn();
    }
    deeds.disturbances.push(Date.now());
    return (await lost(fate)) > before;
  };

  /** One agent answers so late that the cycle goes on without it, or with little time left; the others have their orders. */
  const slowAgent = async ({ agentId, lateMs }: LateAgent): Promise<boolean> => {
    const record = await stack.journal.cycles.find(tagged(await turn({ agentId, lateMs })));
    return record?.orders.some(({ state }) => state === 'filled') ?? false;
  };

  const journalAway = async (): Promise<boolean> => {
    const unlock = await until('a lock of the journal', LONGEST_LOOK_MS, () => stack.books.lock(30_000));
    deeds.disturbances.push(Date.now());
    await Promise.all([turn(), sleep(LOCKED_MS).then(unlock)]);
    deeds.disturbances.push(Date.now());
    return true;
  };

  return {
    untraded: (action: Of<'untraded'>) => untilStruck(action.how, () => closeMarket(action)),
    clock: (action: Of<'clock'>) => untilStruck('clock', () => skewClock(action)),
    lostOrder: ({ fate }: Of<'lost-order'>) => untilStruck(`lost-order ${fate}`, () => loseOrder(fate)),
    slowAgent: (action: Of<'slow-agent'>) => untilStruck('slow-agent', () => slowAgent(action)),
    journalAway: () => untilStruck('journal-away', journalAway),
  };
}
