import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { roles } from '../../contracts/roles.ts';
import { coordinatorUrl, paperExchangeUrl } from '../../runtime/configuration/addresses.ts';
import { refuseBooksElsewhere } from '../../runtime/configuration/books.ts';
import { ENGINES_VARIABLE, type Engine } from '../../runtime/configuration/engines.ts';
import { dataFolder, projectFolder } from '../../runtime/configuration/folders.ts';
import { configurationFile } from '../../runtime/configuration/load.ts';
import { environmentOf } from '../../runtime/configuration/process-environment.ts';
import { knownSecrets, loadSecrets } from '../../runtime/configuration/secrets.ts';
import { BUILD_VARIABLE, refuseReadablePayloads, type TemporalAccess } from '../../runtime/configuration/temporal.ts';
import { DEPLOYMENT } from '../../runtime/deployment.ts';
import { processName, roleRow } from '../../runtime/roles.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import { journalFile } from '../../stores/journal/open.ts';
import { refuseUnreadyMode } from '../controls/live/readiness.ts';
import { bindOwnBooks } from './bind-books.ts';
import { stackAccess, usesOtherServer } from './connection.ts';
import { refuseCorruptDatabase } from './databases.ts';
import { enableOfferedAgents } from './engine-agents.ts';
import { prepareEngines } from './engines.ts';
import { nodeArguments } from './node-arguments.ts';
import { observers } from './observe.ts';
import { ensurePaperAccount } from './paper-account.ts';
import { pinConfiguration } from './pinned-configuration.ts';
import { hiddenPlace, portsOf, refuseTakenPorts } from './ports.ts';
import type { ProcessNews } from './process-incidents.ts';
import { type Profile, profileFile } from './profile.ts';
import { rollOut } from './rollout.ts';
import { claimRun, RUN_VARIABLE } from './run-record.ts';
import { listenForStop } from './stop-signal.ts';
import { interrupted, type ProcessSpec } from './supervised-process.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';
import { temporalBinary } from './temporal-binary.ts';
import { checkOtherServer, temporalServer } from './temporal-server.ts';

const run = promisify(execFile);

export interface StackOptions {
  configuration: Configuration;
  profile: Profile;
  /** Run beside the stack; what is missing of them is installed. */
  engines: readonly Engine[];
  /** Prometheus and Alertmanager beside it. */
  observe?: boolean;
  /** The supervisor before this one was killed. */
  resumes?: boolean;
  /** One short line per step of the preparation. */
  onProgress: (message: string) => void;
  logger: Logger;
  /** Told when a process ends unasked, and when it serves again. */
  onProcess?: (news: ProcessNews) => void;
}

export interface Stack {
  /** What a person or a program can open, in the order of start. */
  readonly services: readonly { name: string; url: string }[];
  /** Who may reach what: on paper a warning for each place beyond loopback, with real money what protects Temporal. */
  readonly access: readonly string[];
  /** What runs now; a process that is being restarted is missing. */
  readonly processes: readonly { name: string; pid: number }[];
  readonly temporal: TemporalAccess;
  /** Aborted by Ctrl-C, SIGTERM, or the end of the npm that started us: call `stop` then. */
  readonly stopRequested: AbortSignal;
  /** Resolves, after everything was stopped, if a process that protects money could not be kept running. */
  readonly failure: Promise<UserError>;
  /** Ends every process, the workers first; what was going on continues with the next start. */
  stop: () => Promise<void>;
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
      resumes: options.resumes === true,
      limits: {
        maxRestarts: options.profile.supervision.maxRestarts,
        restartWindowMs: options.profile.supervision.windowSeconds * 1_000,
      },
      ...(options.onProcess ? { onProcess: options.onProcess } : {}),
    });
    let stopped: Promise<void> | undefined;
    const end = async (): Promise<void> => {
      await supervisor.stop();
      claimed.release();
      stopSignal.release();
    };
    const stop = (): Promise<void> => {
      stopped ??= end();
      return stopped;
    };
    try {
      const { services, access } = await untilStopped(
        stopSignal.signal,
        bringUp(options, supervisor, temporal, stopSignal.signal),
      );
      return {
        services,
        access,
        get processes() {
          return supervisor.processes();
        },
        temporal,
        stopRequested: stopSignal.signal,
        failure: supervisor.failure,
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

async function bringUp(
  options: StackOptions,
  supervisor: Supervisor,
  temporal: TemporalAccess,
  signal: AbortSignal,
): Promise<Pick<Stack, 'services' | 'access'>> {
  const { configuration, profile, engines, onProgress } = options;
  const ownTemporal = !usesOtherServer();
  const files = { configuration: configurationFile(), profile: profileFile() };
  refuseReadablePayloads(configuration, temporal, knownSecrets());
  checkDatabases(configuration, profile, ownTemporal);
  const access = await refuseUnreadyMode(configuration);
  await refuseTakenPorts(
    portsOf(configuration, profile, files, { ownTemporal, engines, observe: options.observe === true }),
  );

  // Independent of each other; only the workers need all of them.
  const [temporalUrl, services, engineProcesses, watchers, buildId] = await Promise.all([
    ownTemporal ? startTemporal(options, supervisor, signal) : otherTemporal(options, temporal),
    startServices(options, supervisor),
    prepareEngines(engines, { onProgress, signal }),
    options.observe ? observers(configuration, profile, { onProgress, signal }) : [],
    bundleWorkflows(signal),
  ]);

  // Loaded here: ccxt takes its time, and what comes before needs no exchange.
  const { refuseUnlistedSymbols } = await import('./listed-symbols.ts');
  await refuseUnlistedSymbols(configuration);
  const isVersioned = await rollOut(temporal, knownSecrets(), buildId, onProgress);
  const environment = { [BUILD_VARIABLE]: buildId, ...(isVersioned ? { TEMPORAL_DEPLOYMENT_NAME: DEPLOYMENT } : {}) };
  onProgress('Starting the workers');
  const workers = workerProcesses(environment);
  const workerUrls = await supervisor.start(workers);
  for (const { name } of engineProcesses) onProgress(`Starting ${name}`);
  const engineUrls = await supervisor.start(engineProcesses);
  if (watchers.length > 0) onProgress('Starting Prometheus and Alertmanager');
  const watcherUrls = await supervisor.start(watchers);
  const coordinator = { url: coordinatorUrl(configuration), token: loadSecrets().coordinatorToken };
  await enableOfferedAgents(engines, coordinator).catch((error: unknown) => {
    if (!options.resumes) throw error;
    options.logger.warn({ err: error }, 'agents of the engines could not be switched on');
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

/** @returns the address of its Web UI, which a process of ours lets only those into who may use it */
async function startTemporal(
  { configuration, profile, onProgress }: StackOptions,
  supervisor: Supervisor,
  signal: AbortSignal,
): Promise<string | undefined> {
  const binary = await temporalBinary(profile.temporal, { onProgress, signal });
  onProgress('Starting Temporal');
  const upstream = await hiddenPlace();
  await supervisor.start([temporalServer(profile.temporal, binary, dataFolder(), upstream)]);
  const { host, ports } = profile.temporal;
  const webUi = ownProcess('web-ui', 'client/stack/web-ui/main.ts', true);
  const places = [`${host}:${ports.ui}`, `${upstream.host}:${upstream.port}`];
  const [url] = await supervisor.start([{ ...webUi, args: [...webUi.args, configuration.mode, ...places] }]);
  return url;
}

async function otherTemporal({ profile, onProgress }: StackOptions, temporal: TemporalAccess): Promise<string> {
  onProgress(`Connecting to Temporal at ${temporal.address}`);
  await checkOtherServer(temporal, profile.temporal);
  return temporal.address;
}

async function startServices(
  { configuration, onProgress }: StackOptions,
  supervisor: Supervisor,
): Promise<{ name: string; url: string | undefined }[]> {
  const paper = configuration.mode === 'paper';
  onProgress(paper ? 'Starting the paper exchange and the coordinator' : 'Starting the coordinator');
  const exchange = paper ? [ownProcess('paper-exchange', 'services/paper-exchange/main.ts', true)] : [];
  const exchangeUrls = await supervisor.start(exchange);
  if (paper) await ensurePaperAccount(exchangeUrls[0] ?? paperExchangeUrl(configuration), configuration);
  // Before the first process that writes them.
  const bound = await bindOwnBooks(configuration);
  if (bound !== undefined) onProgress(bound);
  const processes = [...exchange, ownProcess('mcp-coordinator', 'services/mcp-coordinator/main.ts', true)];
  const urls = [...exchangeUrls, ...(await supervisor.start(processes.slice(exchange.length)))];
  return processes.map(({ name }, index) => ({ name, url: urls[index] }));
}

/** Once for all workers, which would otherwise each make the same bundle at the same time. @returns the build id */
async function bundleWorkflows(signal: AbortSignal): Promise<string> {
  const prepare = join(projectFolder, 'workers', 'prepare.ts');
  try {
    return (await run(process.execPath, [prepare], { signal, env: environmentOf('workers/prepare') })).stdout;
  } catch (error) {
    throw new UserError(
      'BundleFailed',
      `The workflows could not be bundled: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

export function workerProcesses(environment: Record<string, string>): ProcessSpec[] {
  return roles.map((role) => {
    const { entry, protectsMoney } = roleRow(role);
    return { ...ownProcess(processName(role), entry, !protectsMoney), mayStartAnew: protectsMoney, environment };
  });
}

function ownProcess(name: string, file: string, advisory = false): ProcessSpec {
  return { name, command: process.execPath, args: nodeArguments(file), watched: true, advisory };
}

function checkDatabases({ mode }: Configuration, { temporal }: Profile, ownTemporal: boolean): void {
  refuseCorruptDatabase({ file: journalFile(), holds: 'the books', loss: 'the books and all orders in them' });
  if (mode === 'paper') {
    const file = join(dataFolder(), 'paper-exchange.db');
    refuseCorruptDatabase({ file, holds: 'the paper exchange', loss: 'its accounts and its market' });
  }
  if (!ownTemporal) return;
  const temporalFile = join(dataFolder(), temporal.database);
  refuseCorruptDatabase({ file: temporalFile, holds: 'Temporal', loss: 'the histories of its workflows' });
}

/** A stop leaves the work where it is: `stop` ends the processes that it waits for. */
async function untilStopped<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(interrupted());
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, promise]);
  } finally {
    work.catch(() => {});
    signal.removeEventListener('abort', onAbort);
  }
}
