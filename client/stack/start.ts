import { join } from 'node:path';
import { ExitCode, type UserError } from '../../contracts/errors.ts';
import type { Role } from '../../contracts/roles.ts';
import type { BookedPosition } from '../../domain/portfolio/portfolio.ts';
import { coordinatorUrl } from '../../runtime/configuration/addresses.ts';
import { refuseBooksElsewhere } from '../../runtime/configuration/books.ts';
import { ENGINES_VARIABLE } from '../../runtime/configuration/engines.ts';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import { configurationFile } from '../../runtime/configuration/load.ts';
import { knownSecrets, loadSecrets } from '../../runtime/configuration/secrets.ts';
import { BUILD_VARIABLE, refuseReadablePayloads, type TemporalAccess } from '../../runtime/configuration/temporal.ts';
import { DEPLOYMENT } from '../../runtime/deployment.ts';
import { rolesOf } from '../../runtime/roles.ts';
import type { Stack as RunningStack, StackTerms } from '../../stores/journal/books/stacks.ts';
import { journalFile, openJournal } from '../../stores/journal/open.ts';
import { refuseEarlierBooks } from '../../stores/journal/postgres/earlier-books.ts';
import { refuseUnreadyMode } from '../controls/live/readiness.ts';
import { sentenceOf } from '../controls/words.ts';
import { type BooksClaim, claimBooks } from './claim.ts';
import { stackAccess, usesOtherServer } from './connection.ts';
import { refuseCorruptDatabase } from './databases.ts';
import { enableOfferedAgents } from './engine-agents.ts';
import { guardEngines, takeEngines } from './engine-lease.ts';
import { prepareEngines } from './engines.ts';
import { refuseSilentExchange, stackToJoin } from './join.ts';
import { heldSentence, sayLastWord } from './last-word.ts';
import { observers } from './observe.ts';
import { bundleWorkflows, otherTemporal, startServices, startTemporal, workerProcesses } from './parts.ts';
import { pinConfiguration } from './pinned-configuration.ts';
import { portsOf, refuseTakenPorts } from './ports.ts';
import { profileFile } from './profile.ts';
import { claimRun, RUN_VARIABLE } from './run-record.ts';
import type { StackOptions } from './stack-options.ts';
import { placeOf } from './stack-place.ts';
import { listenForStop } from './stop-signal.ts';
import { interrupted } from './supervised-process.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';
import { settleTerms } from './terms.ts';

export interface Stack {
  /** What a person or a program can open, in the order of start. */
  readonly services: readonly { name: string; url: string }[];
  /** Who may reach what: on paper a warning for each place beyond loopback, with real money what protects Temporal. */
  readonly access: readonly string[];
  /** What runs now; a process that is being restarted is missing. */
  readonly processes: readonly { name: string; pid: number }[];
  readonly temporal: TemporalAccess;
  readonly books: Books;
  /** Of its workers. */
  readonly roles: readonly Role[];
  /** Aborted by Ctrl-C, SIGTERM, or the end of the npm that started us: call `stop` then. */
  readonly stopRequested: AbortSignal;
  /** Resolves, after everything was stopped, if a process that protects money could not be kept running, or another start has taken the books. */
  readonly failure: Promise<UserError>;
  /** Ends every process, the workers first; what was going on continues with the next start. */
  stop: () => Promise<void>;
}

interface Books extends BooksClaim {
  /** Of the account, as long as the claim is open. */
  positions: () => Promise<readonly BookedPosition[]>;
  /** The stack whose work this one shares. */
  joins?: RunningStack & { terms: StackTerms };
}

/** Brings everything up, or ends what it started and rejects: with a UserError where the cause is known, `Interrupted` after Ctrl-C. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const stopSignal = listenForStop();
  // Of every process that is started from here on.
  process.umask(0o077);
  try {
    refuseBooksElsewhere();
    const claimed = await claimRun(dataFolder(), options.onProgress);
    stopSignal.watch(claimed.launchers);
    const temporal = stackAccess(options.profile);
    checkDatabases(options);
    const books = await takeBooks(options).catch((error: unknown) => {
      claimed.release();
      throw error;
    });
    const ending = new AbortController();
    const supervisor = createSupervisor({
      logFolder: join(dataFolder(), 'logs'),
      environment: { [RUN_VARIABLE]: claimed.runId },
      settings: {
        [ENGINES_VARIABLE]: options.engines.join(','),
        SAPPHIRE_CONFIG: pinConfiguration(),
        TEMPORAL_ADDRESS: temporal.address,
        TEMPORAL_NAMESPACE: temporal.namespace,
      },
      logger: options.logger,
      onChange: claimed.note,
      lastWord: async (error) => {
        // Whoever keeps it running starts it again at once, and pages nobody for it.
        if (error.exitCode === ExitCode.startAnew) return;
        const held = await heldSentence(books.positions);
        options.onProgress(`WARNING: Everything is stopped. ${held}`);
        const isWatched = supervisor.processes().some(({ name }) => name === 'alertmanager');
        const alertmanager = `http://127.0.0.1:${options.profile.observability.ports.alertmanager}`;
        options.onProgress(await sayLastWord(error, held, isWatched ? alertmanager : undefined));
      },
      onLeftOut: (message) => options.onProgress(`WARNING: ${message}`),
      resumes: options.resumes === true,
      limits: {
        maxRestarts: options.profile.supervision.maxRestarts,
        restartWindowMs: options.profile.supervision.windowSeconds * 1_000,
      },
      ...(options.onProcess ? { onProcess: options.onProcess } : {}),
    });
    let stopped: Promise<void> | undefined;
    const end = async (): Promise<void> => {
      ending.abort();
      await supervisor.stop();
      await books.close();
      claimed.release();
      stopSignal.release();
    };
    const stop = (): Promise<void> => {
      stopped ??= end();
      return stopped;
    };
    const lost = books.lost.then(async (error) => {
      await supervisor.stop();
      return error;
    });
    try {
      const { services, access } = await untilStopped(stopSignal.signal, [
        bringUp(options, supervisor, { temporal, books, signal: stopSignal.signal, ending: ending.signal }),
        Promise.race([books.lost, supervisor.failure]).then((error) => {
          throw error;
        }),
      ]);
      return {
        services,
        access,
        get processes() {
          return supervisor.processes();
        },
        temporal,
        books,
        roles: rolesOf(books.joins !== undefined),
        stopRequested: stopSignal.signal,
        failure: Promise.race([supervisor.failure, lost]),
        stop,
      };
    } catch (error) {
      await stop();
      throw error;
    }
  } catch (error) {
    stopSignal.release();
    throw error;
  }
}

/** The books first: what may be started twice is not, and what was refused has changed nothing. */
async function takeBooks({ configuration, join: joins, logger, onProgress }: StackOptions): Promise<Books> {
  const { journalUrl } = knownSecrets();
  const severalMachines = journalUrl !== undefined;
  const place = placeOf(dataFolder(), severalMachines);
  if (joins && journalUrl !== undefined) await refuseEarlierBooks(journalUrl);
  const journal = await openJournal(configuration);
  try {
    const found = joins ? await stackToJoin(journal, place) : undefined;
    const kind = joins ? 'joined' : 'first';
    const claim = await claimBooks({ journal, place, kind, severalMachines, logger, onProgress });
    const positions = () => journal.ledger.positions(configuration.account);
    return { ...claim, positions, ...(found ? { joins: found } : {}) };
  } catch (error) {
    await journal.close();
    throw error;
  }
}

async function bringUp(
  options: StackOptions,
  supervisor: Supervisor,
  {
    temporal,
    books,
    signal,
    ending,
  }: { temporal: TemporalAccess; books: Books; signal: AbortSignal; ending: AbortSignal },
): Promise<Pick<Stack, 'services' | 'access'>> {
  const { configuration, profile, engines, onProgress } = options;
  const { joins } = books;
  const ownTemporal = !usesOtherServer();
  const files = { configuration: configurationFile(), profile: profileFile() };
  refuseReadablePayloads(configuration, temporal, knownSecrets());
  const access = await refuseUnreadyMode(configuration);
  const own = { ownTemporal, engines, observe: options.observe === true, joins: joins !== undefined };
  const taken = await refuseTakenPorts(portsOf(configuration, profile, files, own));
  if (taken !== undefined) onProgress(`WARNING: ${taken}`);
  await takeEngines(books, engines);

  const build = bundleWorkflows(signal);
  build.catch(() => {});
  const startServer = () =>
    ownTemporal ? startTemporal(options, supervisor, signal) : otherTemporal(options, temporal);
  const settle = async () => settleTerms({ configuration, temporal, books, joins, buildId: await build, onProgress });
  // One that joins starts nothing before it is known to fit.
  if (joins) await refuseSilentExchange(configuration);
  const joined = joins && { url: await startServer(), isVersioned: await settle() };
  // Independent of each other; only the workers need all of them.
  const [temporalUrl, services, engineProcesses, watchers, buildId] = await Promise.all([
    joined?.url ?? startServer(),
    startServices(options, supervisor),
    prepareEngines(engines, configuration, { onProgress, signal }),
    options.observe ? observers(configuration, profile, { onProgress, signal }) : [],
    build,
  ]);

  // Loaded here: ccxt takes its time, and what comes before needs no exchange.
  const { refuseUnlistedSymbols } = await import('./listed-symbols.ts');
  await refuseUnlistedSymbols(configuration);
  const isVersioned = joined?.isVersioned ?? (await settle());
  onProgress('Starting the workers');
  const workers = workerProcesses(
    {
      ...books.environment,
      [BUILD_VARIABLE]: buildId,
      ...(isVersioned ? { TEMPORAL_DEPLOYMENT_NAME: DEPLOYMENT } : {}),
    },
    joins !== undefined,
  );
  const workerUrls = await supervisor.start(workers);
  for (const { name } of engineProcesses) onProgress(`Starting ${name}`);
  const engineUrls = await supervisor.start(engineProcesses);
  ending.addEventListener('abort', guardEngines(books, supervisor, engineProcesses, engines, options.logger));
  if (watchers.length > 0) onProgress('Starting Prometheus and Alertmanager');
  const watcherUrls = await supervisor.start(watchers);
  const coordinator = { url: coordinatorUrl(configuration), token: loadSecrets().coordinatorToken };
  await enableOfferedAgents(engines, coordinator).catch((error: unknown) => {
    options.logger.warn({ err: error }, 'agents of the engines could not be switched on');
    onProgress(`WARNING: Agents of the engines could not be switched on: ${sentenceOf(error)}`);
  });
  const started = [
    { name: 'temporal', url: temporalUrl },
    ...services,
    ...workers.map(({ name }, index) => ({ name, url: workerUrls[index] })),
    ...engineProcesses.map(({ name }, index) => ({ name, url: engineUrls[index] })),
    ...watchers.map(({ name }, index) => ({ name, url: watcherUrls[index] })),
  ];
  return { services: started.flatMap(({ name, url }) => (url === undefined ? [] : [{ name, url }])), access };
}

/** While nobody writes to them. */
function checkDatabases({ configuration: { mode }, profile: { temporal }, join: joins }: StackOptions): void {
  refuseCorruptDatabase({ file: journalFile(), holds: 'the books', loss: 'the books and all orders in them' });
  if (mode === 'paper' && !joins) {
    const file = join(dataFolder(), 'paper-exchange.db');
    refuseCorruptDatabase({ file, holds: 'the paper exchange', loss: 'its accounts and its market' });
  }
  if (usesOtherServer()) return;
  const temporalFile = join(dataFolder(), temporal.database);
  refuseCorruptDatabase({ file: temporalFile, holds: 'Temporal', loss: 'the histories of its workflows' });
}

/** A stop leaves the work where it is: `stop` ends the processes that it waits for. */
async function untilStopped<T>(signal: AbortSignal, works: readonly Promise<T>[]): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(interrupted());
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([...works, promise]);
  } finally {
    for (const work of works) work.catch(() => {});
    signal.removeEventListener('abort', onAbort);
  }
}
