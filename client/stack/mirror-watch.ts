import { z } from 'zod';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { Observation } from '../../domain/health/health.ts';
import { paperExchangeUrl } from '../../runtime/configuration/addresses.ts';

const WATCH_MS = 5_000;
const answerSchema = z.object({
  away: z.array(z.object({ symbol: z.string(), since: z.number(), reason: z.string() })),
});

/**
 * Tells which symbols of a mirrored exchange have no prices, since when and why: all that anybody else sees is that they are not traded. A paper
 * exchange that does not answer is told of by others.
 *
 * @returns ends the watching
 */
export function watchMirror(
  configuration: Pick<Configuration, 'mode' | 'paperExchange'>,
  tell: (observation: Observation) => void,
  everyMs: number = WATCH_MS,
): () => void {
  if (configuration.mode === 'live' || configuration.paperExchange.market.kind !== 'mirror') return () => undefined;
  let told = '';
  const look = async (): Promise<void> => {
    const response = await fetch(`${paperExchangeUrl(configuration)}/market`, { signal: AbortSignal.timeout(everyMs) });
    const { away } = answerSchema.parse(await response.json());
    const names = away.map(({ symbol }) => symbol).join(', ');
    if (names === told) return;
    tell(observationOf(away));
    told = names;
  };
  const timer = setInterval(() => void look().catch(() => undefined), everyMs);
  return () => clearInterval(timer);
}

function observationOf(away: z.output<typeof answerSchema>['away']): Observation {
  const component = 'market/mirrored';
  const [first] = away;
  if (!first) return { component, detail: 'ok' };
  const names = away.map(({ symbol }) => symbol).join(', ');
  const since = Math.min(...away.map((one) => one.since));
  const detail = `no prices of ${names} (${first.reason}): nothing is traded there, resting orders and exits wait, and it goes on by itself when there are prices again`;
  return { component, code: 'market.stale', detail: detail.slice(0, 500), since };
}
