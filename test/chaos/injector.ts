import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { exportScheduleId, orderWorkflowId } from '../../contracts/workflow-ids.ts';
import { decimal } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { warehouseFolder } from '../../stores/warehouse/warehouse.ts';
import { planNextExit } from '../../trading/execute/exits.ts';
import { Random } from '../../venues/simulated/market/random.ts';
import type { Violation } from './invariants.ts';
import { workLinkedPlan } from './linked-plan.ts';
import { createMachineAttacks } from './machines.ts';
import { createOutages } from './outages.ts';
import type { Failpoint } from './rewrites.ts';
import { type Action, calmWays, type FaultName } from './schedule.ts';
import { symbols } from './settings.ts';
import type { ChaosStack } from './stack.ts';
import { AFTERMATH_MS, createStops, type StopRecord } from './stops.ts';
import type { Traffic } from './traffic.ts';
import type { Victim } from './victims.ts';
import { createViews } from './views.ts';
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
  /** Epochs of the halts that were ended, having been seen. */
  resumed: number[];
  /** Legs of which an order was asked for that was not the reserved one. */
  forged: string[];
  /** When the exchange traded a symbol not; UTC epoch milliseconds. */
  closures: { symbol: string; from: number; to: number }[];
  /** When something was killed or made to fail; UTC epoch milliseconds. */
  disturbances: number[];
  /** Stops that did not become quiet and resumes that were refused, in words. */
  troubles: string[];
  /** What was seen to be broken while it was struck. */
  violations: Violation[];
}

export interface Injector {
  readonly deeds: Deeds;
  /** Resolves when it is over: it is not waited for what comes of a fault. */
  perform(action: Action): Promise<void>;
  /** The stops that are held to their seconds, once nothing strikes any more and what was struck has recovered. */
  calm(): Promise<void>;
}

/** @param toldMs time in which the system has to say what is wrong */
export function createInjector(stack: ChaosStack, traffic: Traffic, toldMs: number): Injector {
  const deeds: Deeds = {
    kills: 0,
    idleKills: 0,
    restarts: 0,
    faults: {},
    failedLegs: 0,
    missedLegs: 0,
    stops: [],
    resumed: [],
    forged: [],
    closures: [],
    disturbances: [],
    troubles: [],
    violations: [],
  };
  /** Stops and failing legs come one after the other: two at once would undo each other's set-up. */
  let episodes: Promise<void> = Promise.resolve();
  const random = new Random(1, 0, 0);

  const strike = (victim: Victim): boolean => {
    deeds.disturbances.push(Date.now());
    stack.note(`kill ${victim}`);
    return stack.kill(victim);
  };
  const { stop } = createStops({ stack, traffic, deeds, random, kill: strike });
  const view = createViews({ stack, traffic, deeds });
  const outages = createOutages({ stack, traffic, deeds, toldMs });
  const attacks = stack.together ? createMachineAttacks({ stack, traffic, deeds }) : undefined;

  const kill = async (victim: Victim): Promise<boolean> => {
    await until(`${victim} running`, 60_000, () => stack.runs(victim) || undefined);
    const open = await stack.journal.intents.listOpen('main');
    const done = strike(victim);
    if (done && (traffic.inFlight > 0 || open.length > 0)) deeds.kills += 1;
    else deeds.idleKills += 1;
    return done;
  };

  const fault = async (name: FaultName): Promise<void> => {
    deeds.disturbances.push(Date.now());
    await until(`the exchange for ${name}`, 60_000, () => stack.admin('POST', '/faults', faults[name]));
    deeds.faults[name] = (deeds.faults[name] ?? 0) + 1;
  };

  const begun = Date.now();
  let linkedPlans = 0;

  /** A stop may be in the way: then it is tried again. */
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
    const closed = { symbol: halted, from: Date.now(), to: Number.MAX_SAFE_INTEGER };
    deeds.closures.push(closed);
    await until('a halted symbol', 60_000, () => stack.admin('POST', '/faults', { kind: 'halt-symbol', symbol }));
    try {
      linkedPlans += 1;
      const { orders } = await workLinkedPlan(stack, tagged(`linked/${begun}/${linkedPlans}`), [first, halted]);
      return orders.some((order) => order.symbol === halted && order.state === 'rejected');
    } finally {
      // With the halt everything else is cleared that was waiting to strike.
      await until('an open market', 60_000, () => stack.admin('DELETE', '/faults'));
      closed.to = Date.now();
    }
  };

  /** Of an exit that was planned by hand and never sent: the order asks for less than was reserved for it. */
  const forgery = async (): Promise<void> => {
    const leg = await until('a reserved exit', 60_000, async () => {
      await traffic.untilActive();
      const [symbol] = await traffic.held();
      if (symbol === undefined) {
        await traffic.cycle({ up: symbols, down: [] });
        return undefined;
      }
      const question = {
        account: 'main',
        symbol,
        purpose: 'flatten',
        key: `forged/${Date.now()}`,
        attempt: 1,
      } as const;
      const { exit } = await planNextExit(stack, question, (booked) => booked);
      return 'leg' in exit ? exit.leg : undefined;
    });
    const places = leg.limitPrice.split('.')[1]?.length ?? 0;
    const limitPrice = decimal(leg.limitPrice).times('0.99').toFixed(places);
    deeds.forged.push(leg.legId);
    const handle = await stack.client.workflow.start('executeOrder', {
      workflowId: orderWorkflowId(leg.legId),
      taskQueue: TaskQueue.execution,
      args: [{ ...leg, limitPrice }],
    });
    await Promise.race([handle.result(), sleep(60_000)]);
  };

  /** A file stands where the folder was: nothing can be read or written there, whoever tries. Exports are asked for meanwhile, and killed. */
  const warehouseAway = async (forMs: number): Promise<void> => {
    const folder = warehouseFolder('paper');
    await until('a warehouse', 90_000, () => existsSync(folder) || undefined);
    // An export under way would make the folder again between the two.
    strike('workers/housekeeping');
    await rename(folder, `${folder}.away`);
    await writeFile(folder, 'away');
    const exports = stack.client.schedule.getHandle(exportScheduleId('paper'));
    await exports.trigger(ScheduleOverlapPolicy.ALLOW_ALL).catch(() => undefined);
    await sleep(forMs / 2);
    strike('workers/housekeeping');
    await sleep(forMs / 2);
    await rm(folder);
    await rename(`${folder}.away`, folder);
    deeds.faults['warehouse-away'] = (deeds.faults['warehouse-away'] ?? 0) + 1;
    await exports.trigger(ScheduleOverlapPolicy.ALLOW_ALL).catch(() => undefined);
    await sleep(random.integer(600));
    strike('workers/housekeeping');
  };
  let aways: Promise<void> = Promise.resolve();

  const restart = async (): Promise<void> => {
    const during = [traffic.cycle(), traffic.cycle()];
    await sleep(300);
    for (const victim of stack.victims) strike(victim);
    deeds.restarts += 1;
    for (const victim of stack.victims) await until(`${victim} running`, 60_000, () => stack.runs(victim) || undefined);
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
    stack.note(JSON.stringify(action));
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
      case 'forgery':
        return episode(forgery);
      case 'warehouse-away':
        aways = aways.then(() => warehouseAway(action.forMs));
        return aways;
      case 'restart':
        return episode(restart);
      case 'untraded':
        return episode(() => outages.untraded(action));
      case 'clock':
        return episode(() => outages.clock(action));
      case 'lost-order':
        return episode(() => outages.lostOrder(action));
      case 'slow-agent':
        return outages.slowAgent(action);
      case 'resize':
      case 'ended-view':
        return episode(() => view(action));
      case 'journal-away':
        return episode(outages.journalAway);
      case 'machine':
        return attacks?.machine(action);
      case 'ingestor':
        return attacks?.ingestor(action);
      case 'takeover':
        return attacks?.takeover();
      case 'server':
        return attacks?.server(action);
    }
  };

  const calm = async (): Promise<void> => {
    await traffic.untilActive();
    await sleep(AFTERMATH_MS);
    for (const way of calmWays) await episode(() => stop(way, false));
  };

  return {
    deeds,
    calm,
    perform: (action) =>
      act(action).catch((error: unknown) => {
        deeds.troubles.push(error instanceof Error ? error.message : String(error));
      }),
  };
}
