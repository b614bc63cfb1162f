import { ExitCode, UserError } from '../contracts/errors.ts';
import { claimOf } from '../runtime/configuration/claim.ts';
import type { Logger } from '../runtime/telemetry/logger.ts';
import type { Journal } from '../stores/journal/port.ts';
import { keepClaim } from '../trading/control/keep-claim.ts';

const LOST =
  'another start has taken the books from the stack that this process belongs to: it ends, and does nothing more';

/**
 * Holds the books together with the other processes of its stack. A worker that was started by itself belongs to none.
 *
 * @returns ends that
 * @throws UserError BooksTaken
 */
export async function holdBooks({ stacks }: Pick<Journal, 'stacks'>, logger: Logger): Promise<() => Promise<void>> {
  const claim = claimOf();
  if (!claim) return async () => {};
  if (!(await stacks.renew(claim))) throw new UserError('BooksTaken', `${LOST}.`);
  const kept = keepClaim({
    stacks,
    held: claim,
    logger,
    onLost: () => {
      logger.fatal({ ...claim }, LOST);
      process.exit(ExitCode.refused);
    },
  });
  return () => kept.close();
}
