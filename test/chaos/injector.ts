import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import type { EmergencyStop, ResumeRequest, TradingControlState } from '../../contracts/control.ts';
import { exportScheduleId, TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { decimal } from '../../domain/money.ts';
import { Random } from '../../services/paper-exchange/market/random.ts';
import { warehouseFolder } from '../../stores/warehouse/warehouse.ts';
import type { Failpoint } from './rewrites.ts';
import type { Action, FaultName, StopWay } from './schedule.ts';
import { type ChaosStack, symbols, type Victim, victims } from './stack.ts';
import type { Traffic } from './traffic.ts';
import { until } from './wait.ts';

const order = { method: 'POST', path: '/api/v3/order' } as const;
const trades = { method: 'GET', path: '/api/v3/myTrades' } as const;

/** As the paper exchange's `/admin/faults` takes them. */
const faults: Record<FaultName, Record<string, unknown>> = {
  'answer-dropped': { kind: 'drop-answer', ...order, count: 1 },
  'look-up-dropped': { kind: 'drop-answer', method: 'GET', path: '/api/v3/order', count: 2 },
  'server-error': { kind: 'server-error', ...order, status: 503, count: 1 },
  'server-error-executed': { kind: 'server-error', ...order, status: 504, executed: true, count: 1 },
  'rate-limit': { kind: 'rate-limit', ...order, count: 1 },
  'delayed-request': { kind: 'delay', ...order, delayMs: 2_600, when: 'before', count: 1 },
  'delayed-answer': { kind: 'delay', ...order, delayMs: 1_500, when: 'after', count: 1 },
  'shuffled-trades': { kind: 'shuffle-answer', ...trades, count: 2 },
  'shuffled-events': { kind: 'shuffle-events', count: 3 },
  'closed-streams': { kind: 'close-stream' },
};

/** One stop, in UTC epoch milliseconds, as it was lived through. */
export interface StopRecord {
  way: StopWay;
  askedAt: number;
  epoch: number;
  quietAt: number;
  resumedAt: number;
}

/** What was done, and what came of it. */
export interface Deeds {
  kills: number;
  /** Kills while nothing was in flight: they prove nothing and do not count. */
  idleKills: number;
  restarts: number;
  faults: Record<string, number>;
  failedLegs: number;
  /** Plans of two legs that did not come about, since other cycles were in the way. */
  missedLegs: number;
  stops: StopRecord[];
  /** Stops that did not become quiet and resumes that were refused, in words. */
  troubles: string[];
}

export interface Injector {
  readonly deeds: Deeds;
  /** Resolves when it is over: it is not waited for what comes of a fault. */
  perform(action: Action): Promise<void>;
}

export function createInjector(stack: ChaosStack, traffic: Traffic): Injector {
  const deeds: Deeds = {
    kills: 0,
    idleKills: 0,
    restarts: 0,
    faults: {},
    failedLegs: 0,
    missedLegs: 0,
    stops: [],
    troubles: [],
  };
  /** Stops and failing legs come one after the other: two at once would undo each other's set-up. */
  let episodes: Promise<void> = Promise.resolve();
  const random = new Random(1, 0, 0);

  const control = () => stack.client.workflow.getHandle(TRADING_CONTROL_ID);

  const kill = async (victim: Victim): Promise<boolean> => {
    await until(`${victim} running`, 60_000, () => stack.runs(victim) || undefined);
    const open = await stack.journal.intents.listOpen('main');
    const done = stack.kill(victim);
    if (done && (traffic.inFlight > 0 || open.length > 0)) deeds.kills += 1;
    else deeds.idleKills += 1;
    return done;
  };

  const fault = async (name: FaultName): Promise<void> => {
    await until(`the exchange for ${name}`, 60_000, () => stack.admin('POST', '/faults', faults[name]));
    deeds.faults[name] = (deeds.faults[name] ?? 0) + 1;
  };

  /** Other cycles may be in the way on both symbols: then it is tried again. */
  const failedLeg = async (dies: boolean): Promise<void> => {
    for (let tries = 1; tries <= 5; tries += 1) {
      if (!(await tryFailedLeg(dies))) continue;
      deeds.failedLegs += 1;
      return;
    }
    deeds.missedLegs += 1;
  };

  const tryFailedLeg = async (dies: boolean): Promise<boolean> => {
    const flat = await until('two symbols to be bought', 30_000, async () => {
      await traffic.untilActive();
      const held = await traffic.held();
      const free = symbols.filter((symbol) => !held.has(symbol));
      if (free.length > 1) return free;
      await traffic.cycle({ up: [], down: symbols });
      return undefined;
    });
    const [first = 'BTC/USDT', halted = 'SOL/USDT'] = flat;
    const symbol = halted.replace('/', '');
    if (dies) stack.arm('in-compensation');
    await until('a halted symbol', 60_000, () => stack.admin('POST', '/faults', { kind: 'halt-symbol', symbol }));
    try {
      const cycleId = await traffic.cycle({ up: [first, halted], down: [] });
      const plan = await stack.journal.cycles.find(cycleId);
      return plan?.orders.some((order) => order.symbol === halted && order.state === 'rejected') ?? false;
    } finally {
      // With the halt everything else is cleared that was waiting to strike.
      await until('an open market', 60_000, () => stack.admin('DELETE', '/faults'));
    }
  };

  const ask = async (way: StopWay, request: EmergencyStop): Promise<void> => {
    if (way === 'no-worker') {
      for (const victim of ['workers/operations', 'workers/execution', 'workers/cycles'] as const) stack.kill(victim);
    }
    if (way === 'no-temporal') stack.kill('temporal');
    // The way of "sapphire stop": the halt row first, the signal second.
    if (way === 'command' || way === 'no-temporal' || way === 'flatten') {
      const { requestId = '', reason, by } = request;
      await stack.journal.control.raiseHalt({ requestId, account: 'main', reason, by });
    }
    await until('a signal that arrives', 60_000, async () => {
      await control().signal('emergencyStop', request);
      return true;
    });
  };

  /** The worst moment for a stop: an order is planned, and a moment away from the fence. */
  const capitalIsReserved = (): Promise<unknown> =>
    until(
      'reserved capital',
      3_000,
      async () => {
        const balances = await stack.journal.ledger.balances('main');
        return balances.some(({ reserved }) => !decimal(reserved).isZero()) || undefined;
      },
      5,
    ).catch(() => undefined);

  const stop = async (way: StopWay, dies: boolean): Promise<void> => {
    const before = await stack.journal.control.read('main');
    const askedAt = Date.now();
    const requestId = `chaos/${askedAt}`;
    if (dies) stack.arm('in-stop');
    const own = await traffic.held();
    const during = [
      traffic.cycle({ up: symbols.filter((symbol) => !own.has(symbol)), down: [...own] }),
      traffic.cycle(),
    ];
    await (way === 'command' ? capitalIsReserved() : sleep(random.integer(400)));
    await ask(way, {
      requestId,
      reason: `stop by ${way}`,
      by: 'chaos',
      ...(way === 'flatten' ? { flatten: true } : {}),
    });
    const { epoch } = await until(`a quiet account after a stop by ${way}`, 90_000, async () => {
      const state = await control().query<TradingControlState>('state');
      return state.quiet && state.epoch > before.epoch ? state : undefined;
    });
    const quietAt = Date.now();
    await sleep(1_000);
    // Refused while books and exchange differ: what was on its way when the stop came has to be known first.
    await until('a resume', 90_000, async () => {
      const { tradingState, epoch: expectedEpoch } = await stack.journal.control.read('main');
      if (tradingState === 'active') return true;
      const request: ResumeRequest = { reason: 'the stop was survived', by: 'chaos', expectedEpoch };
      await control().executeUpdate<TradingControlState, [ResumeRequest]>('resume', { args: [request] });
      return true;
    });
    deeds.stops.push({ way, askedAt, epoch, quietAt, resumedAt: Date.now() });
    await Promise.all(during);
  };

  /** A file stands where the folder was: nothing can be read or written there, whoever tries. Exports are asked for meanwhile, and killed. */
  const warehouseAway = async (forMs: number): Promise<void> => {
    const folder = warehouseFolder('paper');
    await until('a warehouse', 90_000, () => existsSync(folder) || undefined);
    await rename(folder, `${folder}.away`);
    await writeFile(folder, 'away');
    const exports = stack.client.schedule.getHandle(exportScheduleId('paper'));
    await exports.trigger(ScheduleOverlapPolicy.ALLOW_ALL).catch(() => undefined);
    await sleep(forMs / 2);
    stack.kill('workers/operations');
    await sleep(forMs / 2);
    await rm(folder);
    await rename(`${folder}.away`, folder);
    deeds.faults['warehouse-away'] = (deeds.faults['warehouse-away'] ?? 0) + 1;
    await exports.trigger(ScheduleOverlapPolicy.ALLOW_ALL).catch(() => undefined);
    await sleep(random.integer(600));
    stack.kill('workers/operations');
  };
  let aways: Promise<void> = Promise.resolve();

  const restart = async (): Promise<void> => {
    const during = [traffic.cycle(), traffic.cycle()];
    await sleep(300);
    for (const victim of victims) stack.kill(victim);
    deeds.restarts += 1;
    for (const victim of victims) await until(`${victim} running`, 60_000, () => stack.runs(victim) || undefined);
    await Promise.all(during);
  };

  /** Trades until it strikes: an armed place that nobody comes to proves nothing. */
  const die = async (name: Failpoint): Promise<void> => {
    stack.arm(name);
    for (let cycles = 0; stack.isArmed(name) && cycles < 8; cycles += 1) {
      await traffic.untilActive();
      // Exits need something that is held.
      await traffic.cycle(name === 'in-protection' ? { up: symbols, down: [] } : undefined);
      await sleep(name === 'in-protection' ? 5_000 : 500);
    }
  };

  const episode = (work: () => Promise<void>): Promise<void> => {
    episodes = episodes.then(work).catch((error: unknown) => {
      deeds.troubles.push(error instanceof Error ? error.message : String(error));
    });
    return episodes;
  };

  const act = async (action: Action): Promise<void> => {
    switch (action.kind) {
      case 'failpoint':
        return die(action.name);
      case 'kill':
        await sleep(action.afterMs);
        await kill(action.victim);
        return;
      case 'fault':
        return fault(action.name);
      case 'failed-leg':
        return episode(() => failedLeg(action.dies));
      case 'stop':
        return episode(() => stop(action.way, action.dies));
      case 'warehouse-away':
        aways = aways.then(() => warehouseAway(action.forMs));
        return aways;
      case 'restart':
        return episode(restart);
    }
  };

  return {
    deeds,
    perform: (action) =>
      act(action).catch((error: unknown) => {
        deeds.troubles.push(error instanceof Error ? error.message : String(error));
      }),
  };
}
