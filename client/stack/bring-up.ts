import { coordinatorUrl } from '../../runtime/configuration/addresses.ts';
import { configurationFile } from '../../runtime/configuration/load.ts';
import { knownSecrets, loadSecrets } from '../../runtime/configuration/secrets.ts';
import { BUILD_VARIABLE, refuseReadablePayloads, type TemporalAccess } from '../../runtime/configuration/temporal.ts';
import { DEPLOYMENT } from '../../runtime/deployment.ts';
import { refuseUnreadyMode } from '../controls/live/readiness.ts';
import { sentenceOf } from '../controls/words.ts';
import { awayCheck } from './ask-exchange.ts';
import { partsBeside, prepareBeside } from './beside.ts';
import { usesOtherServer } from './connection.ts';
import { enableOfferedAgents } from './engine-agents.ts';
import { takeEngines } from './engine-lease.ts';
import { refuseSilentExchange } from './join.ts';
import {
  bundleWorkflows,
  otherTemporal,
  type Service,
  startAll,
  startCoordinator,
  startMarket,
  startTemporal,
  workerProcesses,
} from './parts.ts';
import { portsOf } from './ports.ts';
import { profileFile } from './profile.ts';
import { refuseUnusableReceivers } from './receivers.ts';
import type { StackOptions } from './stack-options.ts';
import type { Supervisor } from './supervisor.ts';
import type { Books } from './take-books.ts';
import { refuseTakenPorts } from './taken-ports.ts';
import { settleTerms } from './terms.ts';
import { within } from './within.ts';

/** So long a start that goes on with what was running waits for what stands beside it, once what protects money runs. */
const BESIDE_MS = 10_000;

export interface Circumstances {
  temporal: TemporalAccess;
  books: Books;
  /** Aborted to end the start. */
  signal: AbortSignal;
  /** Aborted when all is stopped. */
  ending: AbortSignal;
}

/**
 * Starts everything, what protects money without waiting for what does not. What the configuration says wrong refuses each start, and what is away
 * one with nothing at stake, where a person sees it at once. One that goes on with what was running, or has something to protect, leaves that out, says
 * so, and tries it again for ever.
 */
export async function bringUp(
  options: StackOptions,
  supervisor: Supervisor,
  { temporal, books, signal, ending }: Circumstances,
): Promise<{ services: readonly { name: string; url: string }[]; access: readonly string[] }> {
  const { configuration, profile, engines, onProgress } = options;
  const { joins } = books;
  const resumes = options.resumes === true;
  const ownTemporal = !usesOtherServer();
  const files = { configuration: configurationFile(), profile: profileFile() };
  for (const line of refuseUnusableReceivers(options.observe === true)) onProgress(`WARNING: ${line}`);
  refuseReadablePayloads(configuration, temporal, knownSecrets());
  const away = awayCheck(configuration, supervisor, joins !== undefined);
  const isExchangeAway = resumes && configuration.mode === 'live' && (await away()) !== undefined;
  const access = await refuseUnreadyMode(configuration, isExchangeAway);
  const own = { ownTemporal, engines, observe: options.observe === true, joins: joins !== undefined, resumes };
  for (const line of await refuseTakenPorts(portsOf(configuration, profile, files, own)))
    onProgress(`WARNING: ${line}`);
  if (!resumes) await takeEngines(books, engines);

  const build = bundleWorkflows(signal);
  build.catch(() => {});
  const startServer = () =>
    ownTemporal ? startTemporal(options, supervisor, signal) : otherTemporal(options, temporal);
  const settle = async () => {
    const terms = { configuration, temporal, books, joins, buildId: await build, onProgress };
    return settleTerms({ ...terms, resumes, ending });
  };
  // One that joins starts nothing before it is known to fit.
  if (joins && !resumes) await refuseSilentExchange(configuration);
  const joined = joins && { view: await startServer(), isVersioned: await settle() };
  const stopping = AbortSignal.any([signal, ending]);
  const parts = partsBeside(options, books, { supervisor, signal: stopping });
  const beside = prepareBeside(parts, { ...options, supervisor, ending: stopping });
  // Independent of each other; only the workers need all of them.
  const [view, market, buildId] = await Promise.all([
    joined?.view ?? startServer(),
    startMarket(options, supervisor, away),
    build,
    resumes ? undefined : beside.prepared,
  ]);
  const isVersioned = joined?.isVersioned ?? (await settle());
  onProgress('Starting the workers and the coordinator');
  const environment = {
    ...books.environment,
    [BUILD_VARIABLE]: buildId,
    ...(isVersioned ? { TEMPORAL_DEPLOYMENT_NAME: DEPLOYMENT } : {}),
  };
  const workers = workerProcesses(environment, away, joins !== undefined);
  const startThose = (protects: boolean) => {
    const those = workers.filter(({ protectsMoney }) => protectsMoney === protects);
    return startAll(supervisor, those);
  };
  const coordinating = startCoordinator(supervisor);
  const protecting = startThose(true);
  const others = startThose(false);
  for (const each of [coordinating, others]) each.catch(() => {});
  // It waits for none of the others.
  const serving = await protecting;
  let besides: Service[] = [];
  const started = beside.start().then((services) => (besides = services));
  started.catch(() => {});
  await (resumes ? within(BESIDE_MS, started) : started);
  const coordinator = { url: coordinatorUrl(configuration), token: loadSecrets().coordinatorToken };
  await enableOfferedAgents(engines, coordinator).catch((error: unknown) => {
    options.logger.warn({ err: error }, 'agents of the engines could not be switched on');
    onProgress(`WARNING: Agents of the engines could not be switched on: ${sentenceOf(error)}`);
  });
  serving.push(...(await others));
  const services = [
    { name: 'temporal', url: await view.url },
    ...market,
    ...(await coordinating),
    ...workers.flatMap((worker) => serving.filter(({ name }) => name === worker.name)),
    ...besides,
  ];
  return { services: services.flatMap(({ name, url }) => (url === undefined ? [] : [{ name, url }])), access };
}
