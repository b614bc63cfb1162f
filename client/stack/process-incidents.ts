import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../contracts/telemetry/logger.ts';
import type { Observation } from '../../domain/health.ts';
import type { IncidentBook } from '../../stores/journal/health-port.ts';

/** What the supervisor saw of one process; without a fault it serves again. */
export interface ProcessNews {
  name: string;
  /** `since`: when it last answered, or ended. */
  fault?: { code: 'process.ended' | 'process.hung'; detail: string; since: number };
}

const RETRY_MS = 2_000;

export interface ProcessIncidents {
  note(news: ProcessNews): void;
  /** Something else that only the supervisor sees. */
  observe(observation: Observation): void;
  /** From here on what was noted is written, what came before it included. */
  open(incidents: IncidentBook): void;
  close(): void;
}

/**
 * Writes what happens to the processes into the book of incidents, in its order and at the time at which it happened, also when the book was out
 * of reach by then.
 */
export function createProcessIncidents(logger: Logger): ProcessIncidents {
  const waiting: { at: number; observation: Observation }[] = [];
  const closing = new AbortController();
  let rouse = (): void => {};

  const write = async (incidents: IncidentBook): Promise<void> => {
    while (!closing.signal.aborted) {
      const [first] = waiting;
      if (!first) {
        await new Promise<void>((resolve) => {
          rouse = resolve;
        });
        continue;
      }
      try {
        await incidents.look({ at: first.at, by: 'supervisor', observations: [first.observation] });
        waiting.shift();
      } catch (error) {
        logger.warn({ err: error }, 'the book of incidents cannot be written; it is tried again');
        await sleep(RETRY_MS, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  };

  const observe = (observation: Observation): void => {
    waiting.push({ at: Date.now(), observation });
    rouse();
  };

  return {
    observe,
    note: ({ name, fault }) => observe({ component: `process/${name}`, detail: 'it serves again', ...fault }),
    open: (incidents) => void write(incidents),
    close: () => {
      closing.abort();
      rouse();
    },
  };
}
