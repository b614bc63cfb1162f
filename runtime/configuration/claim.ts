import { z } from 'zod';
import { UserError } from '../../contracts/errors.ts';

/** Given by a stack's supervisor to its workers alone: under which claim on the books they work. */
export const CLAIM_VARIABLE = 'SAPPHIRE_CLAIM';

const claimSchema = z.strictObject({
  stackId: z.uuid(),
  fence: z.int().positive(),
  /** `first` runs what there may be one of; `joined` shares the work of the queues with it. */
  kind: z.enum(['first', 'joined']),
});
export type Claim = z.output<typeof claimSchema>;

export function claimVariable(claim: Claim): Record<string, string> {
  return { [CLAIM_VARIABLE]: JSON.stringify(claim) };
}

/**
 * Undefined of a worker that was started by itself.
 *
 * @throws UserError ConfigurationInvalid
 */
export function claimOf(environment: NodeJS.ProcessEnv = process.env): Claim | undefined {
  const text = environment[CLAIM_VARIABLE];
  if (text === undefined) return undefined;
  try {
    return claimSchema.parse(JSON.parse(text));
  } catch {
    const message = `${CLAIM_VARIABLE} is set by "npm start" for its own workers, and is none of theirs: unset it.`;
    throw new UserError('ConfigurationInvalid', message);
  }
}
