import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { ensureTradingControl } from '../../activities/control/ensure.ts';
import type { EmergencyStop, ResumeRequest, TradingControlState } from '../../contracts/control.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { decimal } from '../../domain/money/money.ts';
import type { Random } from '../../venues/simulated/market/random.ts';
import type { Deeds } from './injector.ts';
import type { StopWay } from './schedule.ts';
import { symbols } from './settings.ts';
import type { ChaosStack } from './stack.ts';
import type { Traffic } from './traffic.ts';
import type { Victim } from './victims.ts';
import { until } from './wait.ts';

/** One stop as it was lived through; times in UTC epoch milliseconds. */
export interface StopRecord {
  way: StopWay;
  requestId: string;
  /** When the server had taken the signal, or the halt row was asked for. */
  askedAt: number;
  /** The last moment since then at which something that a stop needs did not answer, was killed or was made to fail. */
  ableAt: number;
  /** Whether there was such a moment, shortly before or during it. */
  isDisturbed: boolean;
  /** Until when the way itself kept exchange or journal from answering. */
  heldUntil?: number;
  /** By the journal's own event. */
  fencedAt?: number;
  /** When it was first said that something could not be done. */
  saidAt?: number;
  epoch: number;
  /** Missing where it did not become quiet in the time that it was given. */
  quietAt?: number;
  resumedAt: number;
}

/** Long before this a stop has become quiet, or never does. */
const GIVEN_MS = 50_000;
const GIVEN_CALM_MS = 20_000;
/** An order whose end is not known is looked up for so long, and what was killed takes its time to come back. */
export const AFTERMATH_MS = 15_000;
const HELD_MS = 7_000;
/** As long as a reason may be. */
const LONG = 'x'.repeat(320);

/** The workers without which nothing of a stop is carried out. */
const needed = /workers\/(control|execution|cycles)$/;

/** What no sender of ours would send. */
const bad: readonly unknown[] = [
  undefined,
  null,
  7,
  'get me out',
  [],
  { reason: { a: 1 }, by: 'x' },
  { reason: 'ä'.repeat(50_000) },
  { reason: ['a'], by: ['b'], requestId: {}, flatten: 'yes' },
  { reason: '\u001b[2J\n\ud800' },
];

export interface StopTools {
  stack: ChaosStack;
  traffic: Traffic;
  deeds: Deeds;
  random: Random;
  kill(victim: Victim): boolean;
}

/** Asks for stops in every way, and writes down how each of them went. */
export function createStops({ stack, traffic, deeds, random, kill }: StopTools) {
  const { client, journal } = stack;
  const control = (): WorkflowHandle => client.workflow.getHandle(TRADING_CONTROL_ID);
  const query = (): Promise<TradingControlState | undefined> =>
    client.withDeadline(Date.now() + 2_000, () => control().query<TradingControlState>('state')).catch(() => undefined);

  let cursor = 0;
  const halts = new Map<string, { at: number; epoch: number }>();
  /**
   * The halt that a request has raised, once it stands in the journal. What a stranger's latch was sent is carried out by the halt with which
   * that latch is replaced.
   */
  const haltOf = async (
    requestId: string,
    sentToStranger?: { at: number },
  ): Promise<{ at: number; epoch: number } | undefined> => {
    for (const { sequence, kind, at, payload } of await journal.outbox.after(cursor, 1_000_000)) {
      cursor = sequence;
      if (kind !== 'trading.halted') continue;
      const { requestId: key, after } = payload as { requestId: string; after: { epoch: number } };
      halts.set(key, { at, epoch: after.epoch });
    }
    const ofReplacement = [...halts].find(
      ([key, { at }]) => key.startsWith('trading-control/') && sentToStranger !== undefined && at >= sentToStranger.at,
    );
    return halts.get(requestId) ?? ofReplacement?.[1];
  };

  const resume = async (expectedEpoch: number): Promise<void> => {
    deeds.resumed.push(expectedEpoch);
    const request: ResumeRequest = { reason: 'the stop was survived', by: 'chaos', expectedEpoch };
    await client.withDeadline(Date.now() + 20_000, () =>
      control().executeUpdate<TradingControlState, [ResumeRequest]>('resume', { args: [request] }),
    );
  };

  /** Refused while books and exchange differ: what was on its way when the stop came has to be known first. */
  const untilResumed = (): Promise<true> =>
    until('a resume', 90_000, async () => {
      const { tradingState, epoch } = await journal.control.read('main');
      if (tradingState === 'active') return true;
      await resume(epoch);
      return true as const;
    });

  const signal = async (request: EmergencyStop): Promise<number> => {
    await until('a signal that arrives', 60_000, async () => {
      await control().signal('emergencyStop', request);
      return true;
    });
    return Date.now();
  };

  const raise = async ({ requestId = '', reason, by }: EmergencyStop): Promise<number> => {
    const askedAt = Date.now();
    await journal.control.raiseHalt({ requestId, account: 'main', reason, by });
    return askedAt;
  };

  const sendBad = async (): Promise<void> => {
    const encoding = Buffer.from('binary/x');
    const unreadable = () =>
      client.workflowService.signalWorkflowExecution({
        namespace: client.options.namespace,
        workflowExecution: { workflowId: TRADING_CONTROL_ID },
        signalName: 'emergencyStop',
        input: { payloads: [{ metadata: { encoding }, data: encoding }] },
      });
    const sent = Array.from({ length: 50 }, (_, index) =>
      index % 10 === 9 ? unreadable() : control().signal('emergencyStop', bad[index % bad.length]),
    );
    await Promise.allSettled(sent);
  };

  /** A halt whose resume is under way when the next stop comes, in the journal before in the latch. */
  const againstResume = async (request: EmergencyStop): Promise<number> => {
    await signal({ reason: 'the one that is resumed', by: 'chaos', requestId: `${request.requestId}-before` });
    const { epoch } = await until('quiet before a resume', GIVEN_MS, async () => {
      const state = await query();
      return state?.quiet ? state : undefined;
    });
    const resumed = resume(epoch).catch(() => undefined);
    const askedAt = await raise(request);
    await resumed;
    await signal(request);
    // Whoever saw the halt before saw none of this one.
    void resume(epoch).catch(() => undefined);
    return askedAt;
  };

  /** The latch is ended, another account's reconciliation begun, and sometimes a latch started that remembers what never was. */
  const foreign = async (): Promise<void> => {
    await control().terminate('by a stranger');
    await client.workflow.start('reconcile', {
      workflowId: `foreign/${Date.now()}`,
      taskQueue: TaskQueue.control,
      args: ['other'],
    });
    if (random.integer(2) === 0) return;
    const books = { account: 'other', halted: true, epoch: 9_999, reason: 'x', by: 'x', journalId: 'x' };
    await client.workflow
      .start('tradingControl', {
        workflowId: TRADING_CONTROL_ID,
        taskQueue: TaskQueue.control,
        args: [{ account: 'other', books, quietEpoch: 9_999, seen: ['x'] }],
      })
      .catch(() => undefined);
  };

  /** @returns when nothing is held any more. */
  const hold = async (way: 'held-orders' | 'locked'): Promise<number> => {
    if (way === 'held-orders') {
      const fault = { kind: 'server-error', status: 503, forMs: HELD_MS };
      for (const [method, path] of [
        ['DELETE', '/api/v3/order'],
        ['GET', '/api/v3/openOrders'],
      ])
        await until('a faulty exchange', 60_000, () => stack.admin('POST', '/faults', { ...fault, method, path }));
    } else {
      const unlock = await until('a lock of the journal', 60_000, () => stack.books.lock(5_000));
      setTimeout(() => void unlock(), HELD_MS);
    }
    return Date.now() + HELD_MS;
  };

  const ask = async (way: StopWay, request: EmergencyStop): Promise<{ askedAt: number; heldUntil?: number }> => {
    if (way === 'no-worker') for (const victim of stack.victims.filter((name) => needed.test(name))) kill(victim);
    if (way === 'no-temporal') kill('temporal');
    if (way === 'behind-bad') await sendBad();
    if (way === 'foreign') await foreign();
    if (way === 'against-resume') return { askedAt: await againstResume(request) };
    if (way === 'held-orders' || way === 'locked') {
      const heldUntil = await hold(way);
      return { askedAt: await signal(request), heldUntil };
    }
    // The way of "./sapphire stop": the halt row first, the signal second.
    const isCommand = way === 'command' || way === 'no-temporal' || way === 'flatten';
    const raisedAt = isCommand ? await raise(request) : undefined;
    const signalledAt = await signal(request);
    return { askedAt: raisedAt ?? signalledAt };
  };

  /** The worst moment for a stop: an order is planned, and a moment away from the fence. */
  const capitalIsReserved = (): Promise<unknown> =>
    until(
      'reserved capital',
      3_000,
      async () => {
        const balances = await journal.ledger.balances('main');
        return balances.some(({ reserved }) => !decimal(reserved).isZero()) || undefined;
      },
      5,
    ).catch(() => undefined);

  /** Asks all the time whether everything answers. */
  const watch = (): { end(): number } => {
    const over = new AbortController();
    let unableAt = 0;
    const look = async (): Promise<void> => {
      while (!over.signal.aborted) {
        if (!(await stack.answers())) unableAt = Date.now();
        await sleep(200);
      }
    };
    void look();
    return {
      end: () => {
        over.abort();
        return unableAt;
      },
    };
  };

  /** The last moment up to `to` at which something was killed or made to fail. */
  const disturbedAt = (to: number): number => {
    const deaths = stack.hits().map(({ at }) => at);
    return Math.max(0, ...[...deeds.disturbances, ...deaths].filter((at) => at <= to));
  };

  return {
    resume,

    async stop(way: StopWay, dies: boolean): Promise<void> {
      if (traffic.isGivenUp) return;
      await haltOf('');
      const requestId = `chaos-${Date.now()}`;
      if (dies) stack.arm('in-stop');
      const own = await traffic.held();
      const during = [
        traffic.cycle({ up: symbols.filter((symbol) => !own.has(symbol)), down: [...own] }),
        traffic.cycle(),
      ];
      await (way === 'command' ? capitalIsReserved() : sleep(random.integer(400)));
      const watched = watch();
      const reason = `stop by ${way}${way === 'signal' ? ` ${LONG}` : ''}`;
      const request = { requestId, reason, by: 'chaos', ...(way === 'flatten' ? { flatten: true } : {}) };
      const asked = await ask(way, request);
      const stranger = way === 'foreign' ? { at: asked.askedAt } : undefined;
      let saidAt: number | undefined;
      const isCalm = (): boolean =>
        asked.heldUntil === undefined && disturbedAt(Date.now()) < asked.askedAt - AFTERMATH_MS;
      const end = await until(`a quiet account after a stop by ${way}`, GIVEN_MS, async () => {
        const state = await query();
        if (state && (state.trouble.length > 0 || state.failed.length > 0)) saidAt ??= Date.now();
        const halt = await haltOf(requestId, stranger);
        if (state?.quiet && halt && state.epoch >= halt.epoch) return Date.now();
        return isCalm() && Date.now() > asked.askedAt + GIVEN_CALM_MS ? ('never' as const) : undefined;
      }).catch(() => 'never' as const);
      const quietAt = end === 'never' ? undefined : end;
      const halt = await haltOf(requestId, stranger);
      const last = Math.max(watched.end(), disturbedAt(quietAt ?? Date.now()));
      const record: StopRecord = {
        way,
        requestId,
        ...asked,
        ableAt: Math.max(asked.askedAt, last),
        isDisturbed: last > asked.askedAt - AFTERMATH_MS,
        epoch: halt?.epoch ?? 0,
        resumedAt: Number.MAX_SAFE_INTEGER,
        ...(halt ? { fencedAt: halt.at } : {}),
        ...(saidAt === undefined ? {} : { saidAt }),
        ...(quietAt === undefined ? {} : { quietAt }),
      };
      deeds.stops.push(record);
      if (quietAt === undefined) {
        // It is a finding, and nobody ends it: the run goes on to its end with it.
        traffic.giveUp();
        return;
      }
      await sleep(1_000);
      await untilResumed();
      record.resumedAt = Date.now();
      if (way === 'foreign') {
        await control()
          .terminate('the stranger’s')
          .catch(() => undefined);
        await ensureTradingControl(client, 'main');
      }
      await Promise.all(during);
    },
  };
}
