import type { Answer, ApiPart, Degraded } from '../../contracts/api/answer.ts';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import { plainText, withoutQueries } from '../../contracts/text.ts';
import { sentenceOf } from '../controls/words.ts';
import { ApiProblem, UNKNOWN } from './problems.ts';
import type { ApiTools } from './tools.ts';

/** Longer than any part takes that is well; the warehouse reads files. */
const PATIENCE_MS: Readonly<Record<ApiPart, number>> = {
  journal: 5_000,
  temporal: 5_000,
  coordinator: 5_000,
  market: 5_000,
  logs: 10_000,
  warehouse: 20_000,
};

/** One answer to a reader: what of it cannot be had is left out, and said. */
export interface Asking {
  /** Undefined where the part is away. What it refuses for the question's sake is refused. */
  of<T>(part: ApiPart, work: () => Promise<T>, patienceMs?: number): Promise<T | undefined>;
  /** What the answer itself says is away. */
  note(part: ApiPart, reason: string): void;
  answer<T>(data: T | null): Answer<T>;
}

export function asking({ configuration: { account, mode, demo }, logger }: ApiTools): Asking {
  const degraded: Degraded = [];
  const note: Asking['note'] = (part, reason) => {
    if (!degraded.some((known) => known.part === part)) {
      degraded.push({ part, reason: plainText(withoutQueries(reason), 300) });
    }
  };
  return {
    async of(part, work, patienceMs = PATIENCE_MS[part]) {
      try {
        return await within(patienceMs, work);
      } catch (error) {
        if (!isAway(error)) throw error;
        logger.warn({ err: error, part }, 'a part that was asked is away');
        note(part, sentenceOf(error));
        return undefined;
      }
    },
    note,
    answer: (data) => ({ account, mode, demo, degraded, data }),
  };
}

/** Not our own mistake, which is an error of ours, nor a refusal, which is about the question. */
function isAway(error: unknown): boolean {
  if (error instanceof ApiProblem) return false;
  if (error instanceof UserError) {
    if (OF_BOOKS.includes(error.code)) return true;
    return !ABOUT_THE_QUESTION.includes(error.exitCode) && !UNKNOWN.test(error.code);
  }
  return !(error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError);
}

const ABOUT_THE_QUESTION: number[] = [ExitCode.usage, ExitCode.notAllowed, ExitCode.refused];
/** Refused for what the books are, and not for what was asked. */
const OF_BOOKS: string[] = ['OtherBooks', 'BooksMissing', 'RestoreUnfinished', 'WarehouseElsewhere', 'StillRunning'];

async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not answer within ${ms / 1_000} s`)), ms);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A part without which nothing can be done.
 *
 * @throws ApiProblem 503 where it is away
 */
export async function needed<T>(
  part: ApiPart,
  { logger }: Pick<ApiTools, 'logger'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isAway(error)) throw error;
    logger.warn({ err: error, part }, 'a part that was needed is away');
    const code = error instanceof UserError ? error.code : `${part.charAt(0).toUpperCase()}${part.slice(1)}Away`;
    const reason = plainText(withoutQueries(sentenceOf(error)), 300);
    throw new ApiProblem(
      503,
      code,
      `Without the ${part} this cannot be done, and it is away: ${reason} Ask again with the same key.`,
    );
  }
}
