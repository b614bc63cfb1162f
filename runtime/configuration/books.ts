import { ExitCode, UserError } from '../../contracts/errors.ts';
import { setting } from './environment.ts';
import { type KnownSecrets, secretVariables } from './secrets.ts';

const VARIABLE = 'SAPPHIRE_BOOKS';

/**
 * Whether this process of cycles is to do without the books, which are asked for on the queue `books` then: SAPPHIRE_BOOKS=queue says so. What
 * must not have the key to them is not started where it was given it all the same.
 *
 * @throws UserError ConfigurationInvalid, SettingEmpty
 */
export function booksAreElsewhere({ journalUrl }: Pick<KnownSecrets, 'journalUrl'>): boolean {
  const given = setting(VARIABLE);
  if (given === undefined) return false;
  if (given !== 'queue') throw invalid(`${VARIABLE} is ${JSON.stringify(given)}: it says "queue", or is unset.`);
  if (journalUrl === undefined) return true;
  throw invalid(
    `${VARIABLE}=queue says that this process has no books, and ${secretVariables.journalUrl} or its data folder gives it the key to them: take one of the two away.`,
  );
}

function invalid(words: string): UserError {
  return new UserError('ConfigurationInvalid', words, ExitCode.notConfigured);
}
