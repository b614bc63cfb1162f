import type { Observation } from '../../domain/health/health.ts';
import { probeDisk } from '../../trading/health/probes.ts';

const WATCH_MS = 5_000;

/**
 * Tells when the disk of a folder is nearly full, and when it has room again. The health workflow looks as well, but on a full disk neither
 * Temporal nor the journal can write, and it does not come to look.
 *
 * @returns ends the watching
 */
export function watchDisk(
  folder: string,
  tell: (observation: Observation) => void,
  everyMs: number = WATCH_MS,
  probe: (folder: string) => Promise<Observation[]> = probeDisk,
): () => void {
  let told: Observation['code'];
  const look = async (): Promise<void> => {
    for (const observation of await probe(folder)) {
      if (observation.code !== told) tell(observation);
      told = observation.code;
    }
  };
  const timer = setInterval(() => void look().catch(() => undefined), everyMs);
  return () => clearInterval(timer);
}
