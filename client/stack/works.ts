import { z } from 'zod';
import type { ProcessSpec } from './process-spec.ts';

export interface Works {
  isWell: boolean;
  /** What it says itself of why it does not work; undefined where it gives no answer. */
  words?: string;
  /** When it worked last by its own account, UTC epoch milliseconds. */
  since?: number;
}

const bodySchema = z.object({
  components: z.record(z.string(), z.string()),
  since: z.number().optional(),
});

/** Asks a process whether it works, by its probe or at its address. One that has neither is taken to. */
export async function works(
  { probe, healthPath = '/healthz' }: Pick<ProcessSpec, 'probe' | 'healthPath'>,
  url: string | undefined,
  timeoutMs: number,
): Promise<Works> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    if (probe) {
      await probe(signal);
      return { isWell: true };
    }
    if (url === undefined) return { isWell: true };
    const response = await fetch(new URL(healthPath, url), { signal });
    if (response.ok) return { isWell: true };
    return { isWell: false, ...saidIn(await response.text()) };
  } catch {
    return { isWell: false };
  }
}

/** A program of others answers as it likes. */
function saidIn(body: string): Omit<Works, 'isWell'> {
  try {
    const { components, since } = bodySchema.parse(JSON.parse(body));
    const failing = Object.entries(components).filter(([, result]) => result !== 'ok');
    const words = failing.map(([component, result]) => `${component}: ${result}`).join('; ');
    return { words: words.slice(0, 300), ...(since === undefined ? {} : { since }) };
  } catch {
    return {};
  }
}
