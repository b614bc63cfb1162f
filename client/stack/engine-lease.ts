import { UserError } from '../../contracts/errors.ts';
import { seatRow } from '../../domain/signals/seats.ts';
import type { Engine } from '../../runtime/configuration/engines.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import { LEASE_MS } from '../../trading/control/keep-claim.ts';
import { type BooksClaim, describeStack } from './claim.ts';
import type { ProcessSpec } from './process-spec.ts';
import type { Supervisor } from './supervisor.ts';

/** So long without the books, and what may run once is ended: with the time that an orderly end takes, before another machine may start it. */
const SILENT_MS = LEASE_MS / 2;
const LOOK_MS = 500;

/** Freqtrade and Hummingbot trade an account of their own, on which two would trade against each other. The others only answer. */
const tradesItself = (engine: Engine): boolean => seatRow(engine).engine === 'program';

/** Of its process, and of what is taken in the books. */
export const engineProcess = (engine: Engine): string => `engines/${engine}`;

/**
 * Takes the engines that may run once on all machines.
 *
 * @throws UserError EngineElsewhere, BooksTaken
 */
export async function takeEngines(
  books: Pick<BooksClaim, 'claim' | 'takePart'>,
  wanted: readonly Engine[],
): Promise<void> {
  for (const engine of wanted.filter(tradesItself)) {
    const holder = await books.takePart(engineProcess(engine));
    if (holder?.fence === books.claim.fence) continue;
    throw new UserError(
      'EngineElsewhere',
      `${engine} runs ${holder ? `at ${describeStack(holder)}` : 'elsewhere'}, and trades an account of its own, which no two may: leave "--with ${engine}" out here, or stop that stack first.`,
    );
  }
}

/**
 * Ends the engines that may run once while the claim cannot be renewed, and starts them anew when it could be and nobody else has taken them.
 *
 * @returns ends the watch
 */
export function guardEngines(
  books: Pick<BooksClaim, 'claim' | 'takePart' | 'silentMs'>,
  supervisor: Pick<Supervisor, 'start' | 'end'>,
  specs: readonly ProcessSpec[],
  wanted: readonly Engine[],
  logger: Logger,
): () => void {
  const own = specs.filter(({ name }) =>
    wanted.some((engine) => tradesItself(engine) && engineProcess(engine) === name),
  );
  let isEnded = false;
  let isBusy = false;
  const look = async (): Promise<void> => {
    const isSilent = books.silentMs() > SILENT_MS;
    if (isSilent === isEnded) return;
    if (isSilent) {
      logger.error(
        { engines: own.map(({ name }) => name) },
        'the claim on the books could not be renewed: engines that may run once are ended',
      );
      isEnded = true;
      await supervisor.end(own.map(({ name }) => name));
      return;
    }
    for (const { name } of own)
      if ((await books.takePart(name))?.fence !== books.claim.fence) throw new Error(`${name} runs elsewhere by now`);
    isEnded = false;
    await supervisor.start(own);
  };
  const timer = setInterval(() => {
    if (isBusy || own.length === 0) return;
    isBusy = true;
    look()
      .catch((error: unknown) => logger.error({ err: error }, 'engines that may run once stay ended'))
      .finally(() => (isBusy = false));
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}
