import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../../contracts/errors.ts';
import { paperExchangeUrl } from '../../runtime/configuration/addresses.ts';
import { dataFolder, projectFolder } from '../../runtime/configuration/folders.ts';
import { environmentOf } from '../../runtime/configuration/process-environment.ts';
import type { TemporalAccess } from '../../runtime/configuration/temporal.ts';
import { processName, roleRow, rolesOf } from '../../runtime/roles.ts';
import { type AwayCheck, askExchange, PAPER_EXCHANGE } from './ask-exchange.ts';
import { bindOwnBooks } from './bind-books.ts';
import { nodeArguments } from './node-arguments.ts';
import { ensurePaperAccount } from './paper-account.ts';
import { hiddenPlace } from './ports.ts';
import type { ProcessSpec } from './process-spec.ts';
import type { StackOptions } from './stack-options.ts';
import type { Supervisor } from './supervisor.ts';
import { temporalBinary } from './temporal-binary.ts';
import { checkOtherServer, temporalServer } from './temporal-server.ts';
import { within } from './within.ts';

const run = promisify(execFile);
/** Longer than a paper exchange takes to come up. */
const EXCHANGE_MS = 15_000;

/** Where a person looks at Temporal; what works with it need not wait for that. */
export interface TemporalView {
  url: Promise<string | undefined>;
}

/** @returns the address of its Web UI, which a process of ours lets only those into who may use it */
export async function startTemporal(
  { configuration, profile, onProgress }: StackOptions,
  supervisor: Supervisor,
  signal: AbortSignal,
): Promise<TemporalView> {
  const binary = await temporalBinary(profile.temporal, { onProgress, signal });
  onProgress('Starting Temporal');
  if (configuration.mode === 'live' && process.platform === 'darwin') {
    // With real money nothing that cannot check who asks may stand where web pages get to.
    await supervisor.start([temporalServer(profile.temporal, binary, dataFolder())]);
    return { url: Promise.resolve(`${profile.temporal.host}:${profile.temporal.ports.grpc}`) };
  }
  const upstream = await hiddenPlace();
  await supervisor.start([temporalServer(profile.temporal, binary, dataFolder(), upstream)]);
  const { host, ports } = profile.temporal;
  const webUi = ownProcess('web-ui', 'client/stack/web-ui/main.ts');
  const places = [`${host}:${ports.ui}`, `${upstream.host}:${upstream.port}`];
  const starting = supervisor.start([{ ...webUi, args: [...webUi.args, configuration.mode, ...places] }]);
  const url = starting.then(([address]) => address);
  url.catch(() => {});
  return { url };
}

export async function otherTemporal(
  { profile, onProgress }: StackOptions,
  temporal: TemporalAccess,
): Promise<TemporalView> {
  onProgress(`Connecting to Temporal at ${temporal.address}`);
  await checkOtherServer(temporal, profile.temporal);
  return { url: Promise.resolve(temporal.address) };
}

export interface Service {
  name: string;
  url: string | undefined;
}

/** Starts processes together. Resolves when all are ready. */
export async function startAll(supervisor: Supervisor, specs: readonly ProcessSpec[]): Promise<Service[]> {
  const urls = await supervisor.start(specs);
  return specs.map(({ name }, index) => ({ name, url: urls[index] }));
}

/**
 * The exchange of paper money, which is the first's alone, and what any exchange is asked before something trades there. Where it keeps a start that
 * goes on with what was running, that waits for it no longer than a moment.
 */
export async function startMarket(options: StackOptions, supervisor: Supervisor, away: AwayCheck): Promise<Service[]> {
  const { configuration, onProgress, join: joins, resumes } = options;
  const paper = configuration.mode === 'paper' && !joins;
  if (paper) onProgress('Starting the paper exchange');
  const exchange = { ...ownProcess(PAPER_EXCHANGE, 'services/paper-exchange/main.ts'), neededAtStart: true };
  const starting = startAll(supervisor, paper ? [exchange] : []);
  starting.catch(() => {});
  let services: Service[] = [];
  const ready = starting.then((started) => (services = started));
  await (resumes ? within(EXCHANGE_MS, ready) : ready);
  await askExchange(options, away, async () => {
    if (paper) await ensurePaperAccount(services[0]?.url ?? paperExchangeUrl(configuration), configuration);
    // Before the first process that writes them.
    for (const line of await bindOwnBooks(configuration)) onProgress(line);
    // Loaded here: ccxt takes its time, and what comes before needs no exchange.
    const { refuseUnlistedSymbols } = await import('./listed-symbols.ts');
    await refuseUnlistedSymbols(configuration);
  });
  return services;
}

/** Of one that joins, too, since it keeps what it is told in the books. */
export function startCoordinator(supervisor: Supervisor): Promise<Service[]> {
  return startAll(supervisor, [ownProcess('mcp-coordinator', 'services/mcp-coordinator/main.ts')]);
}

/** Once for all workers, which would otherwise each make the same bundle at the same time. @returns the build id */
export async function bundleWorkflows(signal: AbortSignal): Promise<string> {
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

/** @param away says why the exchange is, which those that protect money there cannot serve without */
export function workerProcesses(environment: Record<string, string>, away: AwayCheck, joins = false): ProcessSpec[] {
  return rolesOf(joins).map((role) => {
    const { entry, protectsMoney } = roleRow(role);
    const worker = { ...ownProcess(processName(role), entry, protectsMoney), environment };
    return protectsMoney ? { ...worker, mayStartAnew: true, away } : worker;
  });
}

function ownProcess(name: string, file: string, protectsMoney = false): ProcessSpec {
  return { name, command: process.execPath, args: nodeArguments(file), watched: true, protectsMoney };
}
