import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { mirrorVenues } from '../../../contracts/config/paper-exchange.ts';
import type { Configuration } from '../../../contracts/config/schema.ts';
import type { CycleRecord } from '../../../contracts/cycle.ts';
import { ExitCode, UserError } from '../../../contracts/errors.ts';
import { oneLine } from '../../../contracts/text.ts';
import { type Engine, engines } from '../../../runtime/configuration/engines.ts';
import { dataFolder } from '../../../runtime/configuration/folders.ts';
import { MOST_PORT_OFFSET } from '../../../runtime/configuration/port-offset.ts';
import { knownSecrets, secretValues } from '../../../runtime/configuration/secrets.ts';
import { createLogger } from '../../../runtime/telemetry/logger.ts';
import { openJournal } from '../../../stores/journal/open.ts';
import type { Journal } from '../../../stores/journal/port.ts';
import { runCycle } from '../../controls/cycle.ts';
import { goOnAfterStop } from '../../controls/planned-stop.ts';
import { askSchedule, ensureSchedule, type ScheduleView } from '../../controls/schedule.ts';
import { sentenceOf } from '../../controls/words.ts';
import { chosenMarket, type MarketChoice } from '../../stack/chosen-market.ts';
import { watchDisk } from '../../stack/disk-watch.ts';
import { engineProcess } from '../../stack/engine-lease.ts';
import { refuseUnfitToJoin } from '../../stack/join.ts';
import { watchMirror } from '../../stack/mirror-watch.ts';
import { watchers } from '../../stack/observer-access.ts';
import { watchConfiguration } from '../../stack/pinned-configuration.ts';
import { createProcessIncidents, SUPERVISOR, supervisorNews } from '../../stack/process-incidents.ts';
import { readProfile } from '../../stack/profile.ts';
import { restBeforeStop } from '../../stack/rest.ts';
import { tellServiceManager } from '../../stack/service-manager.ts';
import { PORT_OFFSET_OPTION, settlePortOffset } from '../../stack/settle-port-offset.ts';
import { watchStacks } from '../../stack/stack-watch.ts';
import { type Stack, startStack } from '../../stack/start.ts';
import { createWatcherAlarm } from '../../stack/watcher-alarm.ts';
import { within } from '../../stack/within.ts';
import { viewCycle } from '../../views/cycle-view.ts';
import { action, wholeNumber } from '../command.ts';
import { type CliContext, connectTemporal } from '../context.ts';
import { cycleLines } from '../cycle-lines.ts';
import { beginSchedule } from '../first-cycle.ts';
import { viewOf, welcome } from '../first-screen.ts';
import { type OutputOptions, print, progress, show } from '../output.ts';
import { onceReadable, scheduledCycles, wantedCycles } from '../wanted-cycles.ts';

interface UpOptions extends OutputOptions, MarketChoice {
  cycles?: number;
  exit?: boolean;
  observe?: boolean;
  join?: boolean;
  portOffset?: number;
  with: Engine[];
}

function addEngine(text: string, before: Engine[]): Engine[] {
  const engine = engines.find((name) => name === text);
  if (!engine) throw new InvalidArgumentError(`The engines are ${engines.join(', ')}.`);
  return [...new Set([...before, engine])];
}

/** For the message of a failure to be written. */
const LAST_WORDS_MS = 500;
/** Books that are away keep nothing from its end. */
const BOOKS_CLOSE_MS = 2_000;
/** For the end of all after a failure; one that was given up has ended what it could by then. */
const END_MS = 30_000;

/** Books that cannot be read keep nothing from its orderly end. */
async function equityAtEnd({ ledger }: Pick<Journal, 'ledger'>, account: string): Promise<string | undefined> {
  try {
    return (await ledger.equityMarks(account))?.equity;
  } catch (error) {
    progress(`The books could not be read at the end, and the equity is not known: ${sentenceOf(error)}`);
    return undefined;
  }
}

/** Red where there is a terminal. */
function warn(text: string): void {
  const line = `WARNING: ${oneLine(text)}`;
  const isRed = process.stderr.isTTY && !process.env['NO_COLOR'];
  process.stderr.write(isRed ? `\x1b[31m${line}\x1b[0m\n` : `${line}\n`);
}

/** The wanted number of cycles at once, then, unless that was all, those of the schedule until the stack stops. */
async function* cyclesOf(
  stack: Stack,
  client: Client,
  journal: Pick<Journal, 'cycles'>,
  configuration: Configuration,
  options: UpOptions,
  resumes: boolean,
): AsyncGenerator<CycleRecord> {
  if (options.cycles !== undefined)
    yield* wantedCycles(
      options.cycles,
      () => runCycle(client, configuration, {}),
      (cycleId) => journal.cycles.find(cycleId),
      stack.stopRequested,
    );
  if (options.exit) return;
  const { account } = configuration;
  const scheduled = scheduledCycles(journal, account, stack.stopRequested);
  if (options.join) {
    yield* scheduled;
    return;
  }
  const last = await onceReadable(() => journal.cycles.list(account, 1), stack.stopRequested);
  const first = scheduled.next();
  if (options.cycles === undefined) {
    const why = await beginSchedule(client, configuration, { resumes, lastStartedAt: last?.[0]?.startedAt });
    if (why !== undefined) progress(why);
  } else await ensureSchedule(client, configuration);
  const { value, done } = await first;
  if (done) return;
  yield value;
  yield* scheduled;
}

/** As a person left it, which the configuration does not know; our own pause of the last stop ends here. */
async function scheduleOf(
  stack: Stack,
  { account }: Configuration,
  { join }: UpOptions,
): Promise<ScheduleView | 'none' | undefined> {
  const client = await connectTemporal(stack.temporal);
  try {
    if (!join) await goOnAfterStop(client, account);
    return await askSchedule(client, account);
  } finally {
    await client.connection.close();
  }
}

async function follow(
  stack: Stack,
  journal: Pick<Journal, 'cycles'>,
  configuration: Configuration,
  options: UpOptions,
  resumes: boolean,
): Promise<CycleRecord[]> {
  const client = await connectTemporal(stack.temporal);
  const finished: CycleRecord[] = [];
  try {
    for await (const record of cyclesOf(stack, client, journal, configuration, options, resumes)) {
      finished.push(record);
      if (!options.json) show(cycleLines(record, configuration.currency), options);
      if (stack.stopRequested.aborted) break;
    }
  } finally {
    await client.connection.close();
  }
  return finished;
}

async function up(context: CliContext, options: UpOptions): Promise<number> {
  const configuration = options.join ? context.configuration : chosenMarket(context.configuration, options);
  // Before anything makes a token that the first machine does not know.
  if (options.join) refuseUnfitToJoin(configuration, knownSecrets());
  const { secrets } = context;
  const startedAt = Date.now();
  const logger = createLogger({ process: 'sapphire', level: 'warn', secrets: secretValues(secrets) });
  const incidents = createProcessIncidents(logger, options.join ? hostname() : undefined);
  const crash = supervisorNews();
  if (crash) incidents.note(crash);
  const profile = readProfile();
  const { ports } = profile.observability;
  const alarm = options.observe
    ? createWatcherAlarm({
        prometheus: `http://127.0.0.1:${ports.prometheus}`,
        alertmanager: `http://127.0.0.1:${ports.alertmanager}`,
      })
    : undefined;
  const stack = await startStack({
    configuration,
    profile,
    engines: options.with,
    observe: options.observe === true,
    join: options.join === true,
    resumes: crash !== undefined,
    logger,
    onProcess: (news) => {
      incidents.note(news);
      alarm?.note(news);
    },
    onProgress: (message) => progress(`${((Date.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${message}`),
  });
  const readyMs = Date.now() - startedAt;
  const journal = await openJournal(configuration);
  // What the supervisor before this one left open has its end by now.
  // Who starts without watchers or an engine misses none of them.
  const without = engines.filter((engine) => !options.with.includes(engine)).map(engineProcess);
  const unwanted = [...without, ...(options.observe || options.join ? [] : watchers)].map((name) => ({ name }));
  for (const { name } of [...stack.processes, { name: SUPERVISOR }, ...unwanted]) incidents.note({ name });
  incidents.open(journal.incidents);
  const watches = [
    watchConfiguration(incidents.observe),
    watchDisk(dataFolder(), incidents.observe),
    ...(options.join ? [] : [watchMirror(configuration, incidents.observe)]),
    watchStacks(journal, stack.books.claim, incidents.observe),
    tellServiceManager(() => stack.processes.length > 0),
    () => alarm?.close(),
  ];
  try {
    const schedule = await scheduleOf(stack, configuration, options);
    if (!options.json) show(welcome(stack, configuration, secrets, schedule), options);
    if (configuration.mode === 'paper') for (const text of stack.access) warn(text);
    const cycles = await Promise.race([
      follow(stack, journal, configuration, options, crash !== undefined),
      stack.failure.then((failure) => {
        throw failure;
      }),
    ]);
    const { mode, currency, account } = configuration;
    const { services, stopRequested } = stack;
    const interrupted = stopRequested.aborted && cycles.length < (options.cycles ?? 0);
    progress('stopping …');
    await restBeforeStop(stack, journal, configuration.account, progress);
    await stack.stop();
    const equity = await equityAtEnd(journal, account);
    const firstCycleMs = cycles[0] && cycles[0].finishedAt - startedAt;
    const durations = { readyMs, firstCycleMs, totalMs: Date.now() - startedAt };
    print(
      { mode, currency, equity, cycles: cycles.map(viewCycle), services, durations, stack: viewOf(stack) },
      options,
      () =>
        `${cycles.length} cycles, equity ${equity ?? 'unknown'} ${currency}; the books and histories stay for the next start`,
    );
    return interrupted ? ExitCode.interrupted : ExitCode.ok;
  } catch (error) {
    // Whatever hangs from here on, and what still looks for cycles or waits for a server that is gone, keeps this process neither alive with nothing
    // below it nor from saying that it failed.
    process.exitCode = error instanceof UserError ? error.exitCode : ExitCode.failure;
    setTimeout(() => process.exit(), END_MS).unref();
    await stack.stop();
    setTimeout(() => process.exit(), LAST_WORDS_MS + BOOKS_CLOSE_MS).unref();
    throw error;
  } finally {
    for (const stopWatching of watches) stopWatching();
    incidents.close();
    await within(BOOKS_CLOSE_MS, journal.close());
  }
}

export function registerUp(program: Command): void {
  action<UpOptions>(
    program
      .command('up')
      .description('start everything that is needed, and trade on a schedule')
      .option(
        '--cycles <n>',
        'run this many cycles one after the other, then go on by the schedule',
        wholeNumber('--cycles', 1, 100_000),
      )
      .option('--exit', 'with --cycles: stop everything after the last of them')
      .option(
        '--with <engine>',
        `install and run an engine beside it, repeatable: ${engines.join(', ')}`,
        addEngine,
        [],
      )
      .option(
        '--observe',
        'run Prometheus and Alertmanager beside it, with the rules and routes of deploy/observability',
      )
      .option(
        `${PORT_OFFSET_OPTION} <n>`,
        'every port of ours so much higher, for a second stack on one machine; commands find it by the data folder',
        wholeNumber(PORT_OFFSET_OPTION, 0, MOST_PORT_OFFSET),
      )
      .addOption(
        new Option(
          '--market <kind>',
          "mirror: paper trading on an exchange's own prices; synthetic: made-up ones",
        ).choices(['mirror', 'synthetic']),
      )
      .addOption(new Option('--venue <name>', 'whose prices, of Binance without it').choices(mirrorVenues))
      .addOption(
        new Option('--join', 'share the work of the stack that runs these books on another machine').conflicts([
          'cycles',
          'exit',
          'observe',
          'portOffset',
          'market',
          'venue',
        ]),
      )
      .addHelpText(
        'after',
        '\nWith --json the last line of stdout is one object: mode, currency, equity, cycles, services, durations, stack.\n\nExamples:\n  ./sapphire up\n  ./sapphire up --cycles 3 --exit --json\n  ./sapphire up --with freqtrade --with hummingbot\n  ./sapphire up --observe\n  ./sapphire up --market mirror --venue kraken\n  SAPPHIRE_DATA=second ./sapphire up --port-offset 100\n  ./sapphire up --join (docs/several-machines.md)',
      ),
    up,
    'starts',
    ({ portOffset, join }) => settlePortOffset(portOffset, join),
  );
}
