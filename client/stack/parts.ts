import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../../contracts/errors.ts';
import { paperExchangeUrl } from '../../runtime/configuration/addresses.ts';
import { dataFolder, projectFolder } from '../../runtime/configuration/folders.ts';
import { environmentOf } from '../../runtime/configuration/process-environment.ts';
import type { TemporalAccess } from '../../runtime/configuration/temporal.ts';
import { processName, roleRow, rolesOf } from '../../runtime/roles.ts';
import { bindOwnBooks } from './bind-books.ts';
import { nodeArguments } from './node-arguments.ts';
import { ensurePaperAccount } from './paper-account.ts';
import { hiddenPlace } from './ports.ts';
import type { ProcessSpec } from './process-spec.ts';
import type { StackOptions } from './stack-options.ts';
import type { Supervisor } from './supervisor.ts';
import { temporalBinary } from './temporal-binary.ts';
import { checkOtherServer, temporalServer } from './temporal-server.ts';

const run = promisify(execFile);

/** @returns the address of its Web UI, which a process of ours lets only those into who may use it */
export async function startTemporal(
  { configuration, profile, onProgress }: StackOptions,
  supervisor: Supervisor,
  signal: AbortSignal,
): Promise<string | undefined> {
  const binary = await temporalBinary(profile.temporal, { onProgress, signal });
  onProgress('Starting Temporal');
  const upstream = await hiddenPlace();
  await supervisor.start([temporalServer(profile.temporal, binary, dataFolder(), upstream)]);
  const { host, ports } = profile.temporal;
  const webUi = ownProcess('web-ui', 'client/stack/web-ui/main.ts');
  const places = [`${host}:${ports.ui}`, `${upstream.host}:${upstream.port}`];
  const [url] = await supervisor.start([{ ...webUi, args: [...webUi.args, configuration.mode, ...places] }]);
  return url;
}

export async function otherTemporal({ profile, onProgress }: StackOptions, temporal: TemporalAccess): Promise<string> {
  onProgress(`Connecting to Temporal at ${temporal.address}`);
  await checkOtherServer(temporal, profile.temporal);
  return temporal.address;
}

/** Those that are no workers: of one that joins, a coordinator alone, since both keep what they are told in the books. */
export async function startServices(
  { configuration, onProgress, join: joins }: StackOptions,
  supervisor: Supervisor,
): Promise<{ name: string; url: string | undefined }[]> {
  const paper = configuration.mode === 'paper' && !joins;
  onProgress(paper ? 'Starting the paper exchange and the coordinator' : 'Starting the coordinator');
  const exchange = paper
    ? [{ ...ownProcess('paper-exchange', 'services/paper-exchange/main.ts'), neededAtStart: true }]
    : [];
  const exchangeUrls = await supervisor.start(exchange);
  if (paper) await ensurePaperAccount(exchangeUrls[0] ?? paperExchangeUrl(configuration), configuration);
  // Before the first process that writes them.
  for (const line of await bindOwnBooks(configuration)) onProgress(line);
  const processes = [...exchange, ownProcess('mcp-coordinator', 'services/mcp-coordinator/main.ts')];
  const urls = [...exchangeUrls, ...(await supervisor.start(processes.slice(exchange.length)))];
  return processes.map(({ name }, index) => ({ name, url: urls[index] }));
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

export function workerProcesses(environment: Record<string, string>, joins = false): ProcessSpec[] {
  return rolesOf(joins).map((role) => {
    const { entry, protectsMoney } = roleRow(role);
    return { ...ownProcess(processName(role), entry, protectsMoney), mayStartAnew: protectsMoney, environment };
  });
}

function ownProcess(name: string, file: string, protectsMoney = false): ProcessSpec {
  return { name, command: process.execPath, args: nodeArguments(file), watched: true, protectsMoney };
}
