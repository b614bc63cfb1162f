import type { Configuration } from '../../contracts/config/schema.ts';
import { UserError } from '../../contracts/errors.ts';
import { sentenceOf } from '../controls/words.ts';
import type { StackOptions } from './stack-options.ts';
import type { Supervisor } from './supervisor.ts';

export const PAPER_EXCHANGE = 'paper-exchange';

/** Says why the exchange cannot be asked now, for a person; undefined where it answers. Never rejects. */
export type AwayCheck = () => Promise<string | undefined>;

/** Our own exchange is there while its process serves: who has taken its port meanwhile is asked nothing. Any other is asked for its time. */
export function awayCheck(
  configuration: Configuration,
  supervisor: Pick<Supervisor, 'serves'>,
  joins: boolean,
): AwayCheck {
  if (configuration.mode === 'paper' && !joins)
    return async () => (supervisor.serves(PAPER_EXCHANGE) ? undefined : 'the paper exchange is down');
  return async () => {
    try {
      // Loaded here: ccxt takes its time, and most starts never ask.
      const { openVenue } = await import('../../venues/open.ts');
      const { marketAccess } = await import('../../venues/access.ts');
      await openVenue(marketAccess(configuration)).serverTime();
      return undefined;
    } catch (error) {
      return `the exchange does not answer: ${sentenceOf(error)}`;
    }
  };
}

/**
 * What the exchange is asked before anything is started that trades there. A start that goes on with what was running does so without an exchange that is away:
 * each worker asks the same, before it serves. A definite answer refuses that one, too.
 */
export async function askExchange(
  { resumes, onProgress }: Pick<StackOptions, 'resumes' | 'onProgress'>,
  away: AwayCheck,
  ask: () => Promise<void>,
): Promise<void> {
  if (!resumes) return ask();
  const fault = (await away()) ?? (await ask().then(() => undefined, unanswered));
  if (fault !== undefined)
    onProgress(
      `WARNING: Whose account the books are of could not be asked: ${sentenceOf(fault)} What trades there waits for it.`,
    );
}

function unanswered(error: unknown): string {
  if (error instanceof UserError) throw error;
  return `the exchange does not answer: ${sentenceOf(error)}`;
}
