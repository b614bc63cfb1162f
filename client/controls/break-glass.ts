import type { Via } from '../../contracts/audit.ts';
import type { OpenOrder, SweepFailure, SweepReport, SweepSummary } from '../../contracts/control.ts';
import type { Mode } from '../../domain/market/market.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { wallClock } from '../../trading/clock.ts';
import { atMost } from '../../trading/control/at-most.ts';
import { OtherAccount, refuseOtherAccount } from '../../trading/control/bind-account.ts';
import { headStart, type Raising, raiseHalt } from '../../trading/control/raise.ts';
import { sweepOrders } from '../../trading/control/sweep.ts';
import { sweepUntilQuiet } from '../../trading/control/sweep-until-quiet.ts';
import type { TradingPort } from '../../venues/port.ts';
import { STANDING_MS } from './stop.ts';
import { sentenceOf } from './words.ts';

export interface BreakGlassRequest {
  requestId: string;
  account: string;
  mode: Mode;
  reason: string;
  by: string;
  via?: Via;
}

export interface BreakGlassTools {
  journal(): Promise<Pick<Journal, 'bindings' | 'control' | 'intents'>>;
  trading(): Promise<TradingPort>;
  /** One short line per step. */
  onProgress(message: string): void;
  /** Once, where it takes longer: how far it has come, with what could not be done yet in its note. */
  onStanding(report: BreakGlassReport): void;
}

export interface BreakGlassReport {
  requestId: string;
  /** Missing where the halt row could not be written. */
  epoch: number | undefined;
  fenced: boolean;
  quiet: boolean;
  cancelled: OpenOrder[];
  /** What could not be cancelled or looked up at the last look, and why. */
  failed: SweepFailure[];
  remaining: OpenOrder[];
  /** Submissions whose end is not known yet. */
  unresolved: string[];
  note: string;
}

const LONGEST_PAUSE_MS = 500;
/** So long a stop waits in all for the answer whose account it is, and no cancel waits for it. */
const WHOSE_MS = 3_000;
const OTHER_ACCOUNT = 'OtherAccount: ';

/**
 * The emergency stop without Temporal and without a worker: raises the epoch in the journal, then cancels at the exchange and settles every
 * open submission until the exchange's open orders were empty twice. What cannot be reached keeps nothing else from being done: without the
 * journal the open orders are cancelled all the same, since that helps most while nobody can fence. Safe to repeat, and beside a stop of
 * trading control, which carries this one out as well as soon as it runs.
 */
export async function breakGlass(
  { requestId, account, mode, reason, by, via }: BreakGlassRequest,
  tools: BreakGlassTools,
  waitMs: number,
): Promise<BreakGlassReport> {
  const until = wallClock.elapsed() + waitMs;
  const raising = raiseHalt(tools.journal, { requestId, account, reason, by, via }, ({ epoch }) =>
    tools.onProgress(`fenced at epoch ${epoch}`),
  );
  let last: SweepSummary = { cancelled: [], failed: [], remaining: [], unresolved: [], trouble: [], quiet: false };
  const telling = setTimeout(() => tools.onStanding(reportOf(requestId, raising, last)), STANDING_MS);
  await headStart(raising);

  const told = new Set<string>();
  const elsewhere = createOtherAccountCheck(tools, { account, mode });
  const look = async (): Promise<SweepReport> => {
    const report = await lookOnce({ ...tools, elsewhere }, account, raising);
    last = { ...report, cancelled: [...last.cancelled, ...report.cancelled], quiet: false };
    for (const { symbol, intentId } of report.cancelled) tools.onProgress(`cancelled ${symbol} ${intentId}`);
    for (const words of report.trouble) {
      if (!told.has(words)) tools.onProgress(`not yet: ${words}`);
      told.add(words);
    }
    return report;
  };
  const summary = await sweepUntilQuiet(
    // Before the halt row is decided an order may still be sent: such a look cancels, and says nothing of quiet.
    { look, isOver: async () => false, isDecided: () => isDecided(raising), clock: wallClock },
    { forMs: until - wallClock.elapsed(), round: 0, longestPauseMs: LONGEST_PAUSE_MS },
  );

  clearTimeout(telling);
  const report = reportOf(requestId, raising, summary);
  if (summary.quiet) return report;
  return { ...report, note: `${report.note} Run the same command again; it goes on where this one ended.`.trimStart() };
}

const isDecided = ({ fenced, fault }: Raising<unknown>): boolean => fenced !== undefined || fault !== undefined;

/** How far it has come, and in the note what could not be done. */
function reportOf(
  requestId: string,
  raising: Raising<unknown>,
  { quiet, trouble, ...found }: SweepSummary,
): BreakGlassReport {
  const { fenced, fault } = raising;
  const notes: string[] = [];
  if (fault !== undefined)
    notes.push(
      `The halt row could not be written: ${sentenceOf(fault)} Running workers may still send orders: end them.`,
    );
  if (!isDecided(raising))
    notes.push('The journal has not answered: nothing is fenced. Running workers may still send orders: end them.');
  const elsewhere = trouble.filter((words) => words.startsWith(OTHER_ACCOUNT));
  const silent = trouble.filter((words) => !words.startsWith(OTHER_ACCOUNT));
  if (silent.length > 0) notes.push(`The exchange or the journal does not answer: ${silent.join('; ')}`);
  else if (!quiet && elsewhere.length === 0 && fenced)
    notes.push('Not quiet yet: the exchange has not said that nothing is open.');
  notes.push(
    ...elsewhere.map(
      (words) => `What was open at the keys' account is cancelled, and it is not that of the books. ${words}`,
    ),
  );
  return {
    requestId,
    epoch: fenced?.control.epoch,
    fenced: fenced !== undefined,
    // Without the books nobody knows whether a submission is still on its way.
    quiet: quiet && fenced !== undefined,
    ...found,
    note: notes.join(' '),
  };
}

/**
 * Words where the keys belong to another account than the books; undefined where they do not, or where it cannot be known: nothing of a stop waits
 * for it longer, or fails by it.
 */
function createOtherAccountCheck(
  tools: Pick<BreakGlassTools, 'trading'>,
  configuration: { account: string; mode: Mode },
): (journal: Pick<Journal, 'bindings'>) => Promise<string | undefined> {
  let known: { words: string | undefined } | undefined;
  const ask = async (journal: Pick<Journal, 'bindings'>): Promise<void> => {
    try {
      await refuseOtherAccount({ journal, trading: await tools.trading(), configuration });
      known = { words: undefined };
    } catch (error) {
      if (error instanceof OtherAccount) known = { words: error.message };
    }
  };
  let spentMs = 0;
  return async (journal) => {
    if (!known && spentMs < WHOSE_MS) {
      const begun = wallClock.elapsed();
      await atMost(WHOSE_MS - spentMs, ask(journal));
      spentMs += wallClock.elapsed() - begun;
    }
    return known?.words;
  };
}

/**
 * An exchange that cannot be reached at all is trouble as well, and asked for anew by the next look. At another account's, what is open there is
 * cancelled, and says nothing of the submissions in these books.
 */
async function lookOnce(
  tools: BreakGlassTools & { elsewhere: ReturnType<typeof createOtherAccountCheck> },
  account: string,
  { fenced }: Raising<Pick<Journal, 'bindings' | 'intents'>>,
): Promise<SweepReport> {
  const trouble: string[] = [];
  const books = fenced && {
    intents: {
      ...fenced.books.intents,
      // Asked after what is open at the exchange is cancelled.
      listOpen: async (of: string) => {
        const words = await tools.elsewhere(fenced.books);
        if (words === undefined) return fenced.books.intents.listOpen(of);
        trouble.push(`${OTHER_ACCOUNT}${words}`);
        return [];
      },
    },
  };
  try {
    const report = await sweepOrders({ journal: books, trading: await tools.trading(), clock: wallClock }, account);
    return { ...report, trouble: [...report.trouble, ...trouble] };
  } catch (error) {
    return { cancelled: [], failed: [], remaining: [], unresolved: [], trouble: [sentenceOf(error)] };
  }
}
