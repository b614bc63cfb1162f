import { setTimeout as sleep } from 'node:timers/promises';
import type { Look, Observation } from '../../domain/health/health.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import type { IncidentBook } from '../../stores/journal/books/incidents.ts';

/** What the supervisor saw of one process; without a fault it serves again. */
export interface ProcessNews {
  name: string;
  /** `since`: when it last answered, or ended. */
  fault?: { code: 'process.ended' | 'process.hung'; detail: string; since: number };
}

export const SUPERVISOR = 'supervisor';

const RETRY_MS = 2_000;
const AGAIN_MS = 60_000;
/** What any machine may say of the others. */
const OF_ALL = 'stacks/';
/** Set by the bootstrap, which starts the supervisor again when it was killed or ended to be. UTC epoch milliseconds. */
const CRASHED_VARIABLE = 'SAPPHIRE_CRASHED_AT';

/** What became of the supervisor before this one, where it was killed. */
export function supervisorNews(environment: NodeJS.ProcessEnv = process.env): ProcessNews | undefined {
  const since = Number(environment[CRASHED_VARIABLE] ?? Number.NaN);
  if (!Number.isSafeInteger(since)) return undefined;
  const detail = 'it was killed or had to start anew, and everything that it kept running ended with it';
  return { name: SUPERVISOR, fault: { code: 'process.ended', detail, since } };
}

export interface ProcessIncidents {
  note(news: ProcessNews): void;
  /** Something else that the supervisor sees, and leaves to others. */
  observe(observation: Observation): void;
  /** From here on what was noted is written, what came before it included. */
  open(incidents: IncidentBook): void;
  close(): void;
}

/**
 * Writes what happens to the processes into the book of incidents, in its order and at the time at which it happened, also when the book was out
 * of reach by then.
 *
 * @param host of a machine that joined another: the look at every component is of the other's, which knows its processes by the same names. What
 *   is seen here has its machine in its name, and is told again as long as it lasts, so that a person is called.
 */
export function createProcessIncidents(logger: Logger, host?: string, againMs: number = AGAIN_MS): ProcessIncidents {
  const lasting = new Map<string, Observation>();
  const waiting: Omit<Look, 'previousAt'>[] = [];
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
        await incidents.look(first);
        waiting.shift();
      } catch (error) {
        logger.warn({ err: error }, 'the book of incidents cannot be written; it is tried again');
        await sleep(RETRY_MS, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  };

  const put = (observation: Observation, observeOnly: boolean): void => {
    waiting.push({ at: Date.now(), by: 'supervisor', observations: [observation], observeOnly });
    rouse();
  };
  const tell = (observation: Observation, observeOnly: boolean): void => {
    if (host === undefined || observation.component.startsWith(OF_ALL)) {
      put(observation, observeOnly);
      return;
    }
    const component = `${observation.component}@${host}`;
    const named = { ...observation, component };
    if (named.code === undefined) lasting.delete(component);
    else lasting.set(component, named);
    put(named, observeOnly);
  };
  const again = setInterval(() => {
    if (waiting.length === 0) for (const observation of lasting.values()) put(observation, true);
  }, againMs).unref();

  return {
    observe: (observation) => tell(observation, true),
    note: ({ name, fault }) => tell({ component: `process/${name}`, detail: 'it serves again', ...fault }, false),
    open: (incidents) => void write(incidents),
    close: () => {
      clearInterval(again);
      closing.abort();
      rouse();
    },
  };
}
