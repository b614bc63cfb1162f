import { UserError } from '../../contracts/errors.ts';
import { setting } from './environment.ts';
import { isGivenSecret, type KnownSecrets, secretVariables } from './secrets.ts';

const VARIABLE = 'SAPPHIRE_BOOKS';

/** By which the installation knows what is its own. */
const sharedSecrets = ['coordinatorToken', 'guardSecret'] as const;

/**
 * Whether this process of cycles is to do without the books, which are asked for on the queue `books` then: SAPPHIRE_BOOKS=queue says so. What
 * must not have the key to them is not started where it was given it all the same, nor without the secrets that others have to know.
 *
 * @throws UserError ConfigurationInvalid, SettingEmpty
 */
export function booksAreElsewhere({ journalUrl }: Pick<KnownSecrets, 'journalUrl'>): boolean {
  const given = setting(VARIABLE);
  if (given === undefined) return false;
  if (given !== 'queue') throw invalid(`${VARIABLE} is ${JSON.stringify(given)}: it says "queue", or is unset.`);
  if (journalUrl !== undefined) {
    throw invalid(
      `${VARIABLE}=queue says that this process has no books, and ${secretVariables.journalUrl} or its data folder gives it the key to them: take one of the two away.`,
    );
  }
  const missing = sharedSecrets.filter((name) => !isGivenSecret(name)).map((name) => secretVariables[name]);
  if (missing.length === 0) return true;
  throw invalid(
    `${VARIABLE}=queue needs ${missing.join(' and ')} of the installation that has the books, from secrets.json in its data folder: what is made here nobody there knows.`,
  );
}

/**
 * For `npm start`, which would drop the variable: its cycles have the books beside them.
 *
 * @throws UserError ConfigurationInvalid, SettingEmpty
 */
export function refuseBooksElsewhere(): void {
  if (setting(VARIABLE) === undefined) return;
  throw invalid(
    `${VARIABLE} is for a process of cycles that is started alone (docs/processes.md), and "npm start" runs cycles with the books: unset it.`,
  );
}

function invalid(words: string): UserError {
  return new UserError('ConfigurationInvalid', words);
}
