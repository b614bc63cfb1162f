import { setTimeout as sleep } from 'node:timers/promises';
import { sentenceOf } from '../controls/words.ts';
import { engineProcess, guardEngines, takeEngines } from './engine-lease.ts';
import { prepareEngines } from './engines.ts';
import { observers } from './observe.ts';
import { watchers } from './observer-access.ts';
import type { Service } from './parts.ts';
import type { ProcessSpec } from './process-spec.ts';
import { type RestartLimits, restartPolicy } from './restart-policy.ts';
import type { StackOptions } from './stack-options.ts';
import { defaultLimits } from './supervised-process.ts';
import type { Supervisor } from './supervisor.ts';
import type { Books } from './take-books.ts';

/** What stands beside trading and has to be fetched first, or may run elsewhere: an engine, or those that watch. */
export interface Part {
  /** Of its processes. */
  names: readonly string[];
  /** How they are started, once all that they need is there. */
  prepare: () => Promise<ProcessSpec[]>;
  /** Called once they were started. @returns ends what it began */
  onStarted?: (specs: readonly ProcessSpec[]) => () => void;
}

export function partsBeside(
  { configuration, profile, engines, observe, onProgress, logger }: StackOptions,
  books: Books,
  { supervisor, signal }: { supervisor: Supervisor; signal: AbortSignal },
): Part[] {
  const parts = engines.map((engine) => ({
    names: [engineProcess(engine)],
    prepare: async () => {
      await takeEngines(books, [engine]);
      return prepareEngines([engine], configuration, { onProgress, signal });
    },
    onStarted: (specs: readonly ProcessSpec[]) => guardEngines(books, supervisor, specs, engines, logger),
  }));
  const watching = { names: watchers, prepare: () => observers(configuration, profile, { onProgress, signal }) };
  return observe ? [...parts, watching] : parts;
}

export interface Beside {
  /** Settles with the first try of each; rejects where one fails that the start waits for. */
  prepared: Promise<unknown>;
  /** Starts each as soon as it is prepared. @returns the addresses of those that the first try prepared */
  start: () => Promise<Service[]>;
}

interface Tools extends Pick<StackOptions, 'resumes' | 'onProgress' | 'onProcess' | 'logger'> {
  supervisor: Pick<Supervisor, 'start' | 'serves'>;
  ending: AbortSignal;
  limits?: RestartLimits;
}

/**
 * Prepares all parts at once. One that cannot be prepared refuses a start with nothing at stake: who has asked for it sees why at once. Any other start
 * leaves it out, which is an incident, and tries it again for growing pauses.
 */
export function prepareBeside(parts: readonly Part[], tools: Tools): Beside {
  const firstTries = parts.map(async (part) => {
    try {
      return { part, specs: await part.prepare() };
    } catch (error) {
      if (!tools.resumes || tools.ending.aborted) throw error;
      const words = `${part.names.join(' and ')}: ${sentenceOf(error)}`;
      tools.onProgress(`WARNING: ${words} The others start without it; it is tried again and again.`);
      tellFault(part, error, tools);
      return { part, specs: undefined };
    }
  });
  const prepared = Promise.all(firstTries);
  prepared.catch(() => {});
  return {
    prepared,
    start: async () => {
      const started = firstTries.map(async (trying) => {
        const { part, specs } = await trying;
        if (specs) return startPart(part, specs, tools);
        void tryAgain(part, tools);
        return [];
      });
      return (await Promise.all(started)).flat();
    },
  };
}

async function startPart(
  { names, onStarted }: Part,
  specs: readonly ProcessSpec[],
  { supervisor, onProgress, ending }: Tools,
): Promise<Service[]> {
  onProgress(`Starting ${names.join(' and ')}`);
  const urls = await supervisor.start(specs);
  const stop = onStarted?.(specs);
  if (stop) ending.addEventListener('abort', stop);
  return specs.map(({ name }, index) => ({ name, url: urls[index] }));
}

async function tryAgain(part: Part, tools: Tools): Promise<void> {
  const { ending, supervisor, onProcess, limits = defaultLimits } = tools;
  const pauseAfter = restartPolicy({ ...limits, maxRestarts: 0 });
  for (;;) {
    const now = Date.now();
    await sleep(pauseAfter(now, now).waitMs, undefined, { signal: ending }).catch(() => {});
    if (ending.aborted) return;
    try {
      await startPart(part, await part.prepare(), tools);
      for (const name of part.names) if (supervisor.serves(name)) onProcess?.({ name });
      return;
    } catch (error) {
      if (ending.aborted) return;
      tellFault(part, error, tools);
    }
  }
}

function tellFault({ names }: Part, error: unknown, { onProcess, logger }: Tools): void {
  logger.warn({ err: error, processes: names }, 'what stands beside trading could not be prepared');
  const detail = `it could not be prepared: ${sentenceOf(error)}`;
  for (const name of names) onProcess?.({ name, fault: { code: 'process.ended', detail, since: Date.now() } });
}
