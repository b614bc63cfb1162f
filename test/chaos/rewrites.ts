import type { Invariant } from './invariants.ts';
import type { Action, FaultName, StopWay } from './schedule.ts';
import { OVER } from './wishes.ts';

/** One change of a source file as it is loaded; `find` has to stand in it exactly once. */
export interface Rewrite {
  /** From the project's folder. */
  file: string;
  find: string;
  replace: string;
}

/**
 * Places in which a process dies once it is armed. They are put into the workers' code as it is loaded, so that the code which is shipped has
 * no such switch. `after-send` has no line of its own: it is where the request has left and its answer has not come (see `preload.ts`).
 */
export const failpoints = {
  'before-send': {
    file: 'trading/execute/submit.ts',
    find: '  await trading.place(fence.order',
    replace: "  failpoint('before-send', intentId);\n  await trading.place(fence.order",
  },
  'after-send': undefined,
  'after-acknowledgement': {
    file: 'trading/execute/submit.ts',
    find: '({ order, fills }) =>\n      journal.intents.report({',
    replace: "({ order, fills }) => failpoint('after-acknowledgement', intentId) ??\n      journal.intents.report({",
  },
  'between-booking-and-reply': {
    file: 'trading/execute/submit.ts',
    find: "  return tellProgress(tools, 'order sent', leg);",
    replace: "  failpoint('between-booking-and-reply', intentId);\n  return tellProgress(tools, 'order sent', leg);",
  },
  'in-compensation': {
    file: 'trading/execute/compensate.ts',
    find: "  if ('leg' in exit) return exit;",
    replace: "  if ('leg' in exit) failpoint('in-compensation', exit.leg.legId);\n  if ('leg' in exit) return exit;",
  },
  'in-stop': {
    file: 'trading/control/sweep.ts',
    find: '  const open = await openIntents(',
    replace: "  failpoint('in-stop', account);\n  const open = await openIntents(",
  },
  'in-protection': {
    file: 'trading/execute/exits.ts',
    find: "  if ('leg' in exit) return exit;",
    replace:
      "  if ('leg' in exit && question.purpose === 'protect') failpoint('in-protection', exit.leg.legId);\n  if ('leg' in exit) return exit;",
  },
  'in-ingest': {
    file: 'trading/reconcile/ingest.ts',
    find: '      if (!(await journal.exchange.bookTrades({',
    replace:
      "      if (fills.length > 0) failpoint('in-ingest', fills[0]?.intentId ?? symbol);\n      if (!(await journal.exchange.bookTrades({",
  },
} as const satisfies Record<string, Rewrite | undefined>;

/** No run lasts a horizon: at the plan of a cycle whose id says so one has passed since whatever was upheld. */
export const horizonOver: Rewrite = {
  file: 'trading/decide/plan.ts',
  find: 'horizonMs: consensus.horizonMs ??',
  replace: `horizonMs: cycleId.includes('${OVER}/') ? 1 : consensus.horizonMs ??`,
};

export type Failpoint = keyof typeof failpoints;
export const failpointNames = Object.keys(failpoints) as Failpoint[];

export interface Mutant {
  /** At least one of these has to be found broken. */
  breaks: readonly Invariant[];
  /** What it takes to show it, one after the other. */
  attacks: readonly Action[];
  rewrites: readonly Rewrite[];
  /** That it takes; one without it. */
  stacks?: 2;
}

function fault(name: FaultName): Action {
  return { kind: 'fault', name };
}

function stop(way: StopWay): Action {
  return { kind: 'stop', way, dies: false };
}

/** Bugs as they have been seen elsewhere. A harness that lets one of them pass proves nothing. */
export const mutants = {
  /** An order whose answer was lost is taken for one that never was. */
  'no-look-up': {
    breaks: ['I1', 'I2'],
    attacks: [fault('answer-dropped'), fault('server-error-executed'), fault('answer-dropped')],
    rewrites: [
      {
        file: 'trading/execute/settle.ts',
        find: '  const order = await trading.findOrder(intent.symbol, intent.intentId);',
        replace: '  const order = undefined as Awaited<ReturnType<typeof trading.findOrder>>;',
      },
      {
        file: 'trading/execute/settle.ts',
        find: '  if ((await trading.exchangeTime()) <= unfoundUntil(trading, intent)) return intent;',
        replace: '',
      },
      {
        file: 'trading/execute/settle.ts',
        find: '  const order = await lookEverywhere(trading, intent);',
        replace: '  const order = undefined as Awaited<ReturnType<typeof lookEverywhere>>;',
      },
      {
        file: 'trading/execute/settle.ts',
        find: '  if (askedAt <= unfoundUntil(trading, intent)) return intent;',
        replace: '  void askedAt;',
      },
    ],
  },
  /** What the exchange has forgotten is asked for without end. */
  'ask-for-ever': {
    breaks: ['I1'],
    attacks: [{ kind: 'lost-order', fate: 'FORGOTTEN' }],
    rewrites: [
      {
        file: 'trading/execute/settle.ts',
        find: '  if (isResting(intent.state)) {',
        replace: '  if (venueOrderId !== undefined) return intent;\n  if (isResting(intent.state)) {',
      },
    ],
  },
  /** A symbol that is traded no more is set aside, and nobody hears of it. */
  'silent-delisting': {
    breaks: ['I6'],
    attacks: [{ kind: 'untraded', how: 'delisted', held: true }],
    rewrites: [
      {
        file: 'trading/health/books.ts',
        find: 'untraded.length > 0 && {',
        replace: 'untraded.length < 0 && {',
      },
    ],
  },
  /** A request without an answer is sent again. */
  'blind-retry': {
    breaks: ['I1'],
    attacks: [fault('answer-dropped'), fault('answer-dropped'), fault('answer-dropped')],
    rewrites: [
      {
        file: 'trading/execute/submit.ts',
        find: '  await trading.place(fence.order).then(',
        replace: '  const place = () => trading.place(fence.order);\n  await place().catch(place).then(',
      },
    ],
  },
  /** A fill is known by the time at which it was heard of. */
  'fills-by-hearing': {
    breaks: ['I2', 'I3'],
    attacks: [fault('answer-dropped'), fault('server-error-executed')],
    rewrites: [
      {
        file: 'venues/binance/ccxt-trading.ts',
        find: '    tradeId: trade.id,\n    venueOrderId: trade.orderId,',
        replace: '    tradeId: `${trade.id}${Date.now() % 1_000}`,\n    venueOrderId: trade.orderId,',
      },
    ],
  },
  /** The fence does not look at the stop. */
  'open-fence': {
    breaks: ['I4'],
    attacks: [stop('command'), stop('command'), stop('signal'), stop('command')],
    rewrites: [
      {
        file: 'stores/journal/sql/fence.ts',
        find: '    refusedByState(question) ??\n',
        replace: '',
      },
    ],
  },
  /** A resume ends whatever halt there is. */
  'resume-whatever': {
    breaks: ['I10'],
    attacks: [stop('against-resume'), stop('against-resume'), stop('against-resume')],
    rewrites: [
      {
        file: 'stores/journal/sql/control.ts',
        find: "before.epoch !== expectedEpoch || before.tradingState !== 'halted'",
        replace: "before.tradingState !== 'halted'",
      },
      // Read at the last moment, as a resume without an epoch does.
      {
        file: 'trading/control/books.ts',
        find: '  const { expectedEpoch, reason, by, onlyOver } = resumeRequestSchema.parse(request);',
        replace:
          '  const { reason, by, onlyOver } = resumeRequestSchema.parse(request);\n  const { epoch: expectedEpoch } = await journal.control.read(account);',
      },
    ],
  },
  /** The schedule is paused before anything is cancelled, and takes no long reason. */
  'schedule-first': {
    breaks: ['I10'],
    attacks: [stop('signal'), stop('signal')],
    rewrites: [
      {
        file: 'activities/control/index.ts',
        find: '      return carryOutStop(',
        replace:
          "      if (reason.length > 300) throw new Error('Schedule notes exceeds limit');\n      return carryOutStop(",
      },
    ],
  },
  /** A reason is taken as long as it comes. */
  'uncut-reason': {
    breaks: ['I10'],
    attacks: [stop('behind-bad')],
    rewrites: [
      {
        file: 'contracts/control.ts',
        find: 'export const STOP_REASON_BYTES = 400;',
        replace: 'export const STOP_REASON_BYTES = 4_000_000;',
      },
      {
        file: 'workers/workflow-bundle.ts',
        find: '  return { codePath, buildId };',
        replace: `  const uncut = readFileSync(codePath, 'utf8').replace('const STOP_REASON_BYTES = 400;', 'const STOP_REASON_BYTES = 4000000;');
  const uncutPath = join(process.env['CHAOS_FAILPOINTS'] ?? '.', \`\${process.pid}.js\`);
  writePrivateFile(uncutPath, uncut);
  return { codePath: uncutPath, buildId };`,
      },
    ],
  },
  /** What was reserved is not what has to be sent. */
  'other-leg': {
    breaks: ['I3'],
    attacks: [{ kind: 'forgery' }],
    rewrites: [
      {
        file: 'stores/journal/sql/fence.ts',
        find: '    (await refusedAsOther(transaction, question)) ??\n',
        replace: '    ((void refusedAsOther, undefined)) ??\n',
      },
    ],
  },
  /** What a leg has not used is given back, and given back again. */
  'release-again': {
    breaks: ['I3'],
    attacks: [{ kind: 'kill', victim: 'workers/execution', afterMs: 200 }],
    rewrites: [
      {
        file: 'stores/journal/sql/postings.ts',
        find: '  await transaction.run("UPDATE reservations SET remaining = \'0\', open = 0 WHERE leg_id = ?", legId);\n}\n',
        replace: '}\n',
      },
    ],
  },
  /** Events of a paper account are marked as live ones. */
  'shown-as-live': {
    breaks: ['I6'],
    attacks: [],
    rewrites: [
      {
        file: 'stores/journal/sql/database.ts',
        find: '    at,\n    mode,\n',
        replace: "    at,\n    mode === 'paper' ? 'live' : mode,\n",
      },
    ],
  },
  /** A booked fill is told to nobody. */
  'silent-fills': {
    breaks: ['I8'],
    attacks: [],
    rewrites: [
      {
        file: 'stores/journal/sql/fills.ts',
        find: "  await transaction.emit({ eventId: key, kind: 'fill.booked', cycleId, correlationId, payload });",
        replace: '  void correlationId;\n  void cycleId;',
      },
    ],
  },
  /** Whoever has read the trades books them, and moves the cursor, whoever reads them now. */
  'stale-ingestor': {
    breaks: ['I2'],
    stacks: 2,
    attacks: [{ kind: 'ingestor', how: 'frozen', forMs: 14_000 }],
    rewrites: [
      {
        file: 'stores/journal/sql/exchange.ts',
        find: "if (lease?.['holder'] !== holder ||",
        replace: "if (lease?.['holder'] === '' &&",
      },
      {
        file: 'stores/journal/sql/exchange.ts',
        find: 'if ((await cursor(transaction, account, symbol)) === from) {',
        replace: '{ void from;',
      },
    ],
  },
  /** A stack goes on whose books another one has taken. */
  'unfenced-stack': {
    breaks: ['I2'],
    stacks: 2,
    attacks: [{ kind: 'takeover' }],
    rewrites: [
      {
        file: 'trading/control/keep-claim.ts',
        find: 'if (!(await stacks.renew(held))) return false;',
        replace: 'await stacks.renew(held);',
      },
    ],
  },
  /** Nobody starts the protective exits. */
  unprotected: {
    breaks: ['I9'],
    attacks: [],
    rewrites: [
      {
        file: 'activities/protection/ensure.ts',
        find: '  await client.workflow.signalWithStart(',
        replace: '  if (account) return;\n  await client.workflow.signalWithStart(',
      },
    ],
  },
} as const satisfies Record<string, Mutant>;

export type MutantName = keyof typeof mutants;

export function isMutant(name: string): name is MutantName {
  return Object.hasOwn(mutants, name);
}
