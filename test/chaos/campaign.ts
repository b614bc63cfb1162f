import type { ResumeRequest, TradingControlState } from '../../contracts/control.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { Position } from '../../domain/portfolio/portfolio.ts';
import { checks } from './checks.ts';
import { type DenseReport, denseReport, lostAnswers, struckBy } from './dense.ts';
import { type Evidence, gather } from './evidence.ts';
import { replayHistories } from './histories.ts';
import { createInjector, type Deeds } from './injector.ts';
import { type Violation, violation } from './invariants.ts';
import { recompute } from './recompute/recompute.ts';
import { failpointNames } from './rewrites.ts';
import type { Action } from './schedule.ts';
import { symbols } from './settings.ts';
import type { ChaosStack, Hit } from './stack.ts';
import { createShares, exitsInTime, exitsOf, LEAST_SHARE, settle, strays } from './together.ts';
import { createTraffic, haltsFromWithin, type Traffic } from './traffic.ts';
import { nameOf } from './views.ts';
import { until } from './wait.ts';

export interface CampaignOptions {
  seed: number;
  cycles: number;
  /** Cycles at the same time. */
  atOnce: number;
  schedule: Map<number, Action[]>;
  /** Nothing strikes but that one post of an order in five loses its answer, and the order of every other of those. */
  isDense: boolean;
  /** Time that each step has on the way to rest. */
  restMs: number;
  replay: boolean;
  /** Whether books and reports are made anew from the exchange's own records. */
  recompute: boolean;
  /** Whether there are stops in the end that are held to their seconds. */
  calm: boolean;
  onProgress: (words: string) => void;
}

const RESTLESS_MS = 5_000;
const LONGEST_SILENCE_MS = 90_000;
const PLANNED_MS = 10_000;

export interface CampaignReport {
  seed: number;
  cycles: number;
  outcomes: Record<string, number>;
  failpoints: Record<string, number>;
  deeds: Deeds;
  ordersSent: number;
  fills: number;
  failedLaterLegs: number;
  replayed: Record<string, number>;
  /** Of the activities each machine's share, 0 to 1, where there are several and histories were replayed. */
  shares?: number[];
  /** Of what was held: how often it was sold again, and the latest after its time was over. */
  exits: { count: number; latestMs: number };
  /** Of a dense run. */
  dense?: DenseReport;
  /** Planned attacks that never struck, and too few orders: such a run shows less than it should. */
  missed: string[];
  violations: Violation[];
}

/** Trades while everything is attacked, lets it come to rest, and holds both sides' records against each other. */
export async function runCampaign(stack: ChaosStack, options: CampaignOptions): Promise<CampaignReport> {
  const { seed, cycles, onProgress } = options;
  const traffic = createTraffic(stack, seed);
  const injector = createInjector(stack, traffic, Math.min(options.restMs, LONGEST_SILENCE_MS));
  const telling = setInterval(() => onProgress(progressOf(stack, traffic, injector.deeds, cycles)), 10_000);
  try {
    if (options.isDense) await stack.admin('POST', '/faults', lostAnswers);
    await attack(traffic, injector.perform, options.schedule, options);
    if (options.calm) {
      onProgress('Stopping while everything answers');
      await quieten(stack);
      await injector.calm();
    }
  } finally {
    clearInterval(telling);
  }

  const struck = options.isDense ? await struckBy(stack, lostAnswers.kind) : undefined;
  onProgress('Coming to rest');
  const restless = await rest(stack, injector.deeds, options.restMs);
  const unsettled = stack.together && options.calm && restless.length === 0 ? await settle(stack, traffic) : [];
  // Something is held when the records are read, whose exits have to run.
  await traffic.cycle({ up: symbols, down: [] });
  const evidence = await stillEvidence(stack, injector.deeds, options.restMs, restless.length === 0);
  onProgress('Holding the records against each other');
  const found = checks.flatMap((check) => check(evidence));
  if (options.recompute) found.push(...(await recompute(evidence)));
  const exits = exitsOf(evidence, injector.deeds);
  const together = stack.together ? [...exitsInTime(exits), ...(await strays(stack))] : [];
  const { note, shares } = createShares(stack);
  const { replayed, violations } = options.replay
    ? await replayHistories(stack, onProgress, note)
    : { replayed: {}, violations: [] };
  const isIdle = options.replay && stack.together && shares().some((share) => share < LEAST_SHARE);
  return {
    seed,
    cycles: traffic.finished,
    outcomes: { ...traffic.outcomes },
    failpoints: Object.fromEntries(
      failpointNames.map((name) => [name, deaths(stack).filter((hit) => hit.name === name).length]),
    ),
    deeds: injector.deeds,
    ordersSent: evidence.venue.orders.length,
    fills: evidence.fills.length,
    failedLaterLegs: failedLaterLegs(evidence),
    replayed,
    exits: { count: exits.length, latestMs: Math.max(0, ...exits.map(({ lateMs }) => lateMs)) },
    ...(options.replay && stack.together ? { shares: shares() } : {}),
    ...(struck ? { dense: denseReport(struck, evidence) } : {}),
    missed: [
      ...missedOf(options, { deeds: injector.deeds, evidence, hits: deaths(stack).length }),
      ...(isIdle ? ['work of both machines'] : []),
      ...(struck && struck.struck < traffic.finished / 10 ? ['answers lost in one of ten cycles'] : []),
    ],
    violations: [
      ...restless,
      ...unsettled,
      ...failedCycles(traffic),
      ...halts(evidence),
      ...injector.deeds.violations,
      ...found,
      ...together,
      ...violations,
    ],
  };
}

async function attack(
  traffic: Traffic,
  perform: (action: Action) => Promise<void>,
  schedule: Map<number, Action[]>,
  { cycles, atOnce }: CampaignOptions,
): Promise<void> {
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun < cycles) {
      begun += 1;
      const actions = schedule.get(begun) ?? [];
      await traffic.untilActive();
      await Promise.all([traffic.cycle(), ...actions.map((action) => perform(action))]);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

function deaths(stack: ChaosStack): Hit[] {
  return stack.hits().filter(({ end }) => end === 'SIGKILL');
}

async function quieten(stack: ChaosStack): Promise<void> {
  stack.disarm();
  for (const machine of stack.machines) machine.thaw();
  await until('an exchange without faults', 60_000, () => stack.admin('DELETE', '/faults'));
  for (const victim of stack.victims) await until(`${victim} running`, 60_000, () => stack.runs(victim) || undefined);
}

/** Everything runs, nothing strikes any more, and what was begun comes to its end. What does not is a violation. */
async function rest(stack: ChaosStack, { resumed }: Deeds, restMs: number): Promise<Violation[]> {
  await quieten(stack);
  const control = stack.client.workflow.getHandle(TRADING_CONTROL_ID);
  const steps: (readonly [string, () => Promise<unknown>])[] = [
    ['an answer of trading control', () => control.executeUpdate<TradingControlState, []>('settled', { args: [] })],
    ['the end of every order', async () => (await stack.journal.intents.listOpen('main')).length === 0 || undefined],
    [
      'the end of every plan',
      async () => (await stack.journal.cycles.unsettledPlans('main', Date.now())).length === 0 || undefined,
    ],
    ['the end of every cycle, order, plan and flattening', () => noneRunning(stack)],
    [
      'active trading',
      async () => {
        const { tradingState, epoch: expectedEpoch } = await stack.journal.control.read('main');
        if (tradingState !== 'halted') return true;
        resumed.push(expectedEpoch);
        const request: ResumeRequest = { reason: 'the run is over', by: 'chaos', expectedEpoch };
        return control.executeUpdate<TradingControlState, [ResumeRequest]>('resume', { args: [request] });
      },
    ],
  ];
  const found: Violation[] = [];
  for (const [what, look] of steps) {
    // What did not come to rest by then is found, and keeps others from it.
    const leftMs = found.length === 0 ? restMs : RESTLESS_MS;
    await until(what, leftMs, look, 500).catch((error: unknown) =>
      found.push(violation('I1', error instanceof Error ? error.message : String(error))),
    );
  }
  return found;
}

async function noneRunning(stack: ChaosStack): Promise<true | undefined> {
  const types = ['tradingCycle', 'executeOrder', 'executePlan', 'flatten'].map((type) => `'${type}'`).join(', ');
  const { count } = await stack.client.workflow.count(`WorkflowType IN (${types}) AND ExecutionStatus = 'Running'`);
  return count === 0 || undefined;
}

/** Protective exits go on trading: the records are of one moment only when nothing was written while they were read. */
async function stillEvidence(stack: ChaosStack, deeds: Deeds, restMs: number, isAtRest: boolean): Promise<Evidence> {
  // What was bought last has its exits within the time of a restart and a lease; what has none by then has none.
  await until('protective exits', Math.min(restMs, 30_000), () => isProtected(stack), 1_000).catch(() => undefined);
  const plannedUntil = Date.now() + PLANNED_MS;
  return until(
    'a moment in which nothing is written',
    restMs,
    async () => {
      if (isAtRest && (await stack.journal.intents.listOpen('main')).length > 0) return undefined;
      const evidence = await gather(stack, deeds);
      // An exit that is planned and not yet sent has reserved what it sells, and no event tells of it.
      if (evidence.openReservations > 0 && Date.now() < plannedUntil) return undefined;
      const last = evidence.events.at(-1)?.sequence ?? 0;
      const since = await stack.journal.outbox.after(last, 1);
      const { orders } = (await stack.admin('GET', '/log?account=main')) as { orders: unknown[] };
      return since.length === 0 && orders.length === evidence.venue.orders.length ? evidence : undefined;
    },
    500,
  );
}

/** The ingestor's next round starts the exits of what was opened a moment ago. */
async function isProtected(stack: ChaosStack): Promise<true | undefined> {
  const { positions, protection } = await gather(stack);
  const isSafe = ({ symbol, quantity, openedAt }: Position): boolean =>
    quantity === '0' || protection.get(symbol)?.holding?.openedAt === openedAt;
  return positions.every(isSafe) || undefined;
}

function failedCycles({ outcomes }: Traffic): Violation[] {
  return Object.entries(outcomes)
    .filter(([outcome]) => outcome.startsWith('FAILED'))
    .map(([outcome, count]) => violation('I6', `${count} cycles ended as ${outcome}`));
}

/** Nobody but us trades this account: a halt from within for anything but a loss has found a hole in the books. */
function halts({ events }: Evidence): Violation[] {
  return events.flatMap(({ kind, payload }) => {
    if (kind !== 'trading.halted') return [];
    const { after } = payload as { after: { changedBy: string; reason: string } };
    if (!haltsFromWithin.includes(after.changedBy)) return [];
    return [violation('I2', `trading was halted by ${after.changedBy}: ${after.reason}`)];
  });
}

function missedOf(
  { schedule, cycles, calm }: CampaignOptions,
  { deeds, evidence, hits }: { deeds: Deeds; evidence: Evidence; hits: number },
): string[] {
  const planned = [...schedule.values()].flat();
  const wanted = new Set<string>(['orders of one in two cycles', ...(calm ? ['stops while everything answers'] : [])]);
  for (const action of planned) {
    if (action.kind === 'stop') wanted.add(`stop by ${action.way}`);
    else if (action.kind === 'fault') wanted.add(action.name);
    else if (action.kind === 'untraded') wanted.add(action.how);
    else if (action.kind === 'resize' || action.kind === 'ended-view') wanted.add(nameOf(action));
    else if (action.kind === 'lost-order') wanted.add(`lost-order ${action.fate}`);
    else if (action.kind === 'ingestor' || action.kind === 'server') wanted.add(`${action.kind} ${action.how}`);
    else if (action.kind === 'machine')
      wanted.add(`${action.machines.length > 1 ? 'machines' : 'machine'} ${action.how}`);
    else wanted.add(action.kind);
  }
  const struck: Record<string, boolean> = {
    'orders of one in two cycles': evidence.venue.orders.length >= cycles / 2,
    'stops while everything answers': deeds.stops.some(({ isDisturbed }) => !isDisturbed),
    failpoint: hits >= planned.filter(({ kind }) => kind === 'failpoint').length,
    kill: deeds.kills > 0,
    restart: deeds.restarts > 0,
    forgery: deeds.forged.length > 0,
    'failed-leg': deeds.failedLegs > 0,
    ...Object.fromEntries(Object.entries(deeds.faults).map(([name, count]) => [name, count > 0])),
    ...Object.fromEntries(deeds.stops.map(({ way }) => [`stop by ${way}`, true])),
  };
  return [...wanted].filter((name) => struck[name] !== true);
}

const failures = ['denied', 'rejected', 'void'];

function failedLaterLegs({ plans }: Evidence): number {
  return plans.filter(({ plan, result }) => {
    const later = new Set(plan.legs.slice(1).map(({ legId }) => legId));
    return result?.orders?.some(({ legId, state }) => later.has(tagged(legId)) && failures.includes(state)) ?? false;
  }).length;
}

function progressOf(stack: ChaosStack, { finished, inFlight }: Traffic, deeds: Deeds, cycles: number): string {
  const hits = deaths(stack).length;
  const { kills, restarts, failedLegs, stops, faults } = deeds;
  const struck = Object.values(faults).reduce((total, count) => total + count, 0);
  return `${finished} of ${cycles} cycles (${inFlight} under way), ${hits} deaths at failpoints, ${kills} kills, ${restarts} restarts, ${struck} faults, ${failedLegs} failed legs, ${stops.length} stops`;
}
