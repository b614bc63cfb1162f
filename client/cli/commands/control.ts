import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { via } from '../../../contracts/audit.ts';
import { claimedName, type OpenOrder, type ResumeRequest, stopReason } from '../../../contracts/control.ts';
import { ExitCode, UserError } from '../../../contracts/errors.ts';
import { detailSentence } from '../../../contracts/refusal-sentences.ts';
import { isGivenSecret } from '../../../runtime/configuration/secrets.ts';
import type { Journal } from '../../../stores/journal/port.ts';
import { atMost } from '../../../trading/control/at-most.ts';
import { type BreakGlassReport, breakGlass } from '../../controls/break-glass.ts';
import { endReducing, resumeTrading } from '../../controls/resume.ts';
import { signalWhatRuns } from '../../controls/running-books.ts';
import { type StopReport, stopTrading } from '../../controls/stop.ts';
import { sentenceOf } from '../../controls/words.ts';
import { action, nameOption, reasonOption, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type Lines, type OutputOptions, print, progress } from '../output.ts';

interface StopOptions extends OutputOptions {
  reason: string;
  by?: string;
  wait: number;
  flatten?: boolean;
  breakGlass?: boolean;
}

/** For Temporal's word on what runs, beside the stop that needs none. */
const BEYOND_MS = 3_500;

const STOP_HELP = `
Two words are reported: fenced, no opening order passes any more; quiet, nothing of ours is open at the exchange (asked twice).
Exit code 0 when fenced and quiet (with --flatten: and everything is sold but dust), 5 when fenced but not that, 1 when not fenced.
With --json a stop that takes longer says within five seconds how far it has come, as a line of its own with "ended": false; the last line has "ended": true.

With every worker down, or without this program, the same stop is a signal that the Temporal server keeps until a worker runs:
  temporal workflow signal --namespace sapphire --workflow-id trading-control --name emergencyStop \\
    --input '{"reason": "prices look wrong", "by": "ann", "flatten": false}'
or in Temporal's Web UI: workflow trading-control, Send a Signal, name emergencyStop, the same input.
With Temporal down: ./sapphire stop --break-glass.

Examples:
  ./sapphire stop --reason "prices look wrong"
  ./sapphire stop --flatten --reason "out of the market"
  ./sapphire stop --break-glass --reason "Temporal is down"`;

const RESUME_HELP = `
Without --epoch it only says what was halted by whom and why; with it trading goes on, unless somebody has stopped it anew since.
Where trading only reduces since equity has fallen, orders may open again, and the fall is counted from here on; that of maxDrawdown is not.
Exit code 5 when it is refused, 6 when trading control does not answer.

Example:
  ./sapphire status
  ./sapphire resume --epoch 3 --reason "feed is back"`;

async function stop(context: CliContext, options: StopOptions): Promise<number> {
  const { configuration, temporal, anyTrading, user } = context;
  if (options.breakGlass && options.flatten) {
    throw new UserError(
      'StopForm',
      '--break-glass cancels and sells nothing: use it alone, and "./sapphire stop --flatten" once Temporal and the workers run.',
    );
  }
  const request = {
    requestId: randomUUID(),
    account: configuration.account,
    // Whatever was typed stops: what is too long is cut, and what says nothing is told as that.
    reason: stopReason(options.reason),
    by: claimedName(options.by ?? user),
    via: via.os(user),
  };
  const onProgress = (message: string): void => {
    if (!options.json) progress(message);
  };
  // A program hears of what is not fenced yet as soon as a person does.
  const onStanding = (report: StopReport | BreakGlassReport): void => {
    if (options.json) print({ ...report, ended: false }, options, () => report.note);
    else if (report.note) progress(report.note);
  };
  const waitMs = options.wait * 1_000;
  const books = booksToStop(context, onProgress);
  const journal = books.open;
  if (options.breakGlass) {
    const tools = { journal, trading: anyTrading, onProgress, onStanding };
    const ending = breakGlass({ ...request, mode: configuration.mode }, tools, waitMs);
    const reaching = temporal().catch(() => undefined);
    const ended = await ending;
    const words = await beyondTheGlass(reaching, request, ended.fenced ? books.id() : undefined);
    const report = words === undefined ? ended : { ...ended, fenced: false, note: `${words} ${ended.note}`.trimEnd() };
    return end({ ...report, note: withWords(report.note, books.leftAlone()) }, describeBreakGlass);
  }
  const flatten = options.flatten === true;
  const report = await stopTrading({ ...request, flatten }, { journal, temporal, onProgress, onStanding }, waitMs);
  const sold = !flatten || report.flattened?.held.length === 0;
  return end({ ...report, note: withWords(report.note, books.leftAlone()) }, describeStop, sold);

  function end<R extends StopReport | BreakGlassReport>(
    said: R,
    describe: (report: R) => Lines,
    isSold = true,
  ): number {
    print({ ...said, ended: true }, options, () => describe(said));
    const isAll = isSold && books.leftAlone() === undefined;
    return stopExitCode({ fenced: said.fenced, quiet: said.quiet && isAll });
  }
}

const withWords = (note: string, words: string | undefined): string =>
  words === undefined ? note : `${words} ${note}`.trimEnd();

interface BooksToStop {
  open(): Promise<Journal>;
  /** Missing until they are open. */
  id(): string | undefined;
  /** What is to be said of other books that the environment names; undefined where it names none. */
  leftAlone(): string | undefined;
}

/** Those of the data folder, where the environment names others, or some that cannot be had: what runs there is stopped. */
function booksToStop({ journal, folderJournal }: CliContext, onProgress: (message: string) => void): BooksToStop {
  let opened: Journal | undefined;
  let words: string | undefined;
  return {
    async open() {
      if (opened) return opened;
      const taken = await journal().catch(async (error: unknown) => {
        const isGiven = isGivenSecret('journalUrl');
        if (!isGiven && !isOfInput(error)) throw error;
        const own = await folderJournal().catch(() => Promise.reject(error));
        const are = `The books of the data folder were taken, journal ${own.id}`;
        if (isGiven) words = `${are}, and those that SAPPHIRE_JOURNAL_URL names were left alone: ${sentenceOf(error)}`;
        onProgress(words ?? `${are}, although: ${sentenceOf(error)}`);
        return own;
      });
      opened = taken;
      return taken;
    },
    id: () => opened?.id,
    leftAlone: () => words,
  };
}

const OF_INPUT = ['ConfigurationInvalid', 'ConfigurationUnreadable', 'SecretUnreadable', 'SettingEmpty'];

/** What is wrong with what was given, and not with the books: asked again they answer at once. */
const isOfInput = (error: unknown): boolean => error instanceof UserError && OF_INPUT.includes(error.code);

/** What is not fenced without Temporal may be through it. */
async function beyondTheGlass(
  reaching: Promise<Client | undefined>,
  request: Parameters<typeof signalWhatRuns>[1],
  fenced: string | undefined,
): Promise<string | undefined> {
  let words: string | undefined;
  const tell = async (): Promise<void> => {
    const client = await reaching;
    if (client) words = await signalWhatRuns(client, request, fenced);
  };
  // A server that is slow, or ends in the middle of it, keeps nothing from what is known by then.
  await atMost(BEYOND_MS, tell());
  return words;
}

/** A program that stops trading must be able to tell the three apart. */
export function stopExitCode({ fenced, quiet }: { fenced: boolean; quiet: boolean }): number {
  if (!fenced) return ExitCode.failure;
  return quiet ? ExitCode.ok : ExitCode.refused;
}

const orderWords = (orders: readonly OpenOrder[]): string =>
  orders.map(({ symbol, intentId }) => `${symbol} ${intentId}`).join(', ') || 'none';

function describeEnd({
  epoch,
  fenced,
  quiet,
  cancelled,
  remaining,
}: Pick<StopReport, 'epoch' | 'fenced' | 'quiet' | 'cancelled' | 'remaining'>): string[] {
  return [
    fenced ? `fenced at epoch ${epoch}: no opening order passes any more` : 'NOT FENCED: opening orders may still pass',
    quiet ? 'quiet: nothing of ours is open at the exchange' : 'not quiet: something may still be open at the exchange',
    `cancelled: ${orderWords(cancelled)}`,
    ...(remaining.length > 0 ? [`still open: ${orderWords(remaining)}`] : []),
  ];
}

function describeStop(report: StopReport): Lines {
  const { flattened, note } = report;
  const amounts = (list: readonly { symbol: string; quantity: string }[]): string =>
    list.map(({ symbol, quantity }) => `${quantity} ${symbol}`).join(', ') || 'nothing';
  return [
    ...describeEnd(report),
    ...(flattened
      ? [
          `sold: ${amounts(flattened.sold)}`,
          `dust: ${amounts(flattened.dust)}`,
          ...flattened.held.map(({ symbol, quantity, reason }) => `still held: ${quantity} ${symbol}, ${reason}`),
        ]
      : []),
    ...(note ? [note] : []),
  ];
}

function describeBreakGlass(report: BreakGlassReport): Lines {
  return [
    ...describeEnd(report),
    ...report.failed.map(({ symbol, intentId, reason }) => `could not be settled: ${symbol} ${intentId}, ${reason}`),
    ...(report.unresolved.length > 0 ? [`end not known yet: ${report.unresolved.join(', ')}`] : []),
    ...(report.note ? [report.note] : []),
  ];
}

export function registerControl(program: Command): void {
  action<StopOptions>(
    program
      .command('stop')
      .description('emergency stop: fence every opening order, cancel what is open, verify that nothing remains')
      .requiredOption('--reason <text>', 'kept in the books')
      .option('--by <name>', 'who stops; your user name without it')
      .option('--flatten', 'then sell everything that is held')
      .option('--break-glass', 'without Temporal and workers: fence in the journal, cancel at the exchange directly')
      .option('--wait <seconds>', 'how long to wait for quiet', wholeNumber('--wait', 0, 600), 30)
      .addHelpText('after', STOP_HELP),
    stop,
    'stops',
  );

  action<OutputOptions & { reason: string; by?: string; epoch?: number; wait: number }>(
    program
      .command('resume')
      .description('trade again after a stop or a drawdown; refused while books and exchange differ')
      .requiredOption('--reason <text>', 'kept in the books', reasonOption)
      .option(
        '--epoch <number>',
        'the halt that you looked at: any stop after it wins',
        wholeNumber('--epoch', 0, Number.MAX_SAFE_INTEGER),
      )
      .option('--by <name>', 'who resumes; your user name without it', nameOption)
      .option('--wait <seconds>', 'how long to wait for the answer', wholeNumber('--wait', 1, 600), 45)
      .addHelpText('after', RESUME_HELP),
    async (context, { reason, by, epoch, wait, ...output }) => {
      const request: ResumeRequest = {
        reason: reason,
        by: claimedName(by ?? context.user),
        expectedEpoch: epoch ?? (await refuseUnseen(context)),
      };
      const { account } = context.configuration;
      const books = await context.journal();
      if ((await books.control.read(account)).tradingState === 'reducing') {
        const control = await endReducing(books, account, request, via.os(context.user));
        print(control, output, () => `trading is active again at epoch ${control.epoch}`);
        return;
      }
      const state = await resumeTrading(await context.temporal(), request, wait * 1_000);
      print(state, output, () => `trading is active again at epoch ${state.epoch}`);
    },
  );
}

/** Nobody ends a stop that they have not seen. */
async function refuseUnseen({ configuration, journal }: CliContext): Promise<never> {
  const { tradingState, epoch, reason, changedBy, changedAt } = await (await journal()).control.read(
    configuration.account,
  );
  if (tradingState === 'active') throw new UserError('NotHalted', 'Trading is not halted.');
  const what = tradingState === 'halted' ? 'was halted' : 'only reduces';
  throw new UserError(
    'EpochMissing',
    `Trading ${what} at epoch ${epoch} by ${changedBy} (${new Date(changedAt).toISOString()}): ${detailSentence(reason, '*', configuration.currency)}. If that is over, resume it with: ./sapphire resume --epoch ${epoch} --reason "…"`,
  );
}
