import type { Configuration } from '../../contracts/config/schema.ts';
import { engineStateSchema } from '../../contracts/hummingbot.ts';
import { type Observation, observed } from '../../domain/health/health.ts';
import { hummingbotEngineUrl } from '../../runtime/configuration/addresses.ts';
import { hummingbotEngineToken } from '../../runtime/configuration/engines.ts';
import { boundedFetch } from '../agents/bounded-fetch.ts';

const ANSWER_MS = 2_000;
const SILENT_MS = 60_000;
const RESTART_TIMEOUT_MS = 20_000;

/** Whether the engine that runs beside the stack quotes, and each of its controllers reports. */
export async function quotingObservation(configuration: Pick<Configuration, 'agents'>): Promise<Observation[]> {
  const seen = (stopped?: string) => [
    observed('quoting/hummingbot', stopped !== undefined && { code: 'quoting.stopped', detail: stopped.slice(0, 300) }),
  ];
  try {
    const response = await boundedFetch(`${hummingbotEngineUrl(configuration)}/state`, {
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const { state, controllers } = engineStateSchema.parse(await response.json());
    const silent = controllers.filter(({ reportedAt }) => reportedAt < Date.now() - SILENT_MS);
    if (state !== 'quoting' || silent.length === 0) return seen();
    return seen(`no report for a minute of ${silent.map(({ id }) => id).join(', ')}`);
  } catch (error) {
    return seen(`the engine says nothing: ${String(error)}`);
  }
}

/** The end and a new start of the engine. */
export async function restartQuoting(
  configuration: Pick<Configuration, 'agents'>,
  dataFolder: string,
): Promise<string> {
  const response = await boundedFetch(`${hummingbotEngineUrl(configuration)}/restart`, {
    method: 'POST',
    headers: { authorization: `Bearer ${hummingbotEngineToken(dataFolder)}` },
    redirect: 'error',
    signal: AbortSignal.timeout(RESTART_TIMEOUT_MS),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the engine answered ${response.status}`);
  return 'the engine was ended, its orders were cancelled, and it starts anew';
}
