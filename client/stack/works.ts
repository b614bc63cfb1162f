import { z } from 'zod';
import type { OwnProcess } from './own-port.ts';
import { portHolder } from './port-holder.ts';

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

type Asked = Pick<OwnProcess, 'probe' | 'healthPath'> & Partial<Pick<OwnProcess, 'listensAt'>>;

/** Asks a process whether it works, by its probe or at its address. One that has neither is taken to. */
export async function works(
  { probe, healthPath = '/healthz', listensAt = () => true }: Asked,
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
    const said = await response.text();
    const port = portOf(url);
    if (!listensAt(port)) {
      const who = portHolder(port) ?? 'nobody is found who listens there';
      return { isWell: false, words: `somebody else answers at ${url}: ${who}` };
    }
    return response.ok ? { isWell: true } : { isWell: false, ...saidIn(said) };
  } catch {
    return { isWell: false };
  }
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
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
