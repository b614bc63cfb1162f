import type { BookedPosition } from '../../domain/portfolio/portfolio.ts';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import { keepJournalUrl, knownSecrets } from '../../runtime/configuration/secrets.ts';
import type { Stack, StackTerms } from '../../stores/journal/books/stacks.ts';
import { keepJournal, openJournal } from '../../stores/journal/open.ts';
import { refuseEarlierBooks } from '../../stores/journal/postgres/earlier-books.ts';
import { type BooksClaim, claimBooks } from './claim.ts';
import { stackToJoin } from './join.ts';
import type { StackOptions } from './stack-options.ts';
import { placeOf } from './stack-place.ts';

export interface Books extends BooksClaim {
  /** Of the account, as long as the claim is open. */
  positions: () => Promise<readonly BookedPosition[]>;
  /** Of a first: a position is held, or an order is not at its end. */
  isAtStake: boolean;
  /** The stack whose work this one shares. */
  joins?: Stack & { terms: StackTerms };
}

/** The books first: what may be started twice is not, and what was refused has changed nothing. */
export async function takeBooks({ configuration, join: joins, logger, onProgress }: StackOptions): Promise<Books> {
  const { journalUrl } = knownSecrets();
  const severalMachines = journalUrl !== undefined;
  const place = placeOf(dataFolder(), severalMachines);
  if (joins && journalUrl !== undefined) await refuseEarlierBooks(journalUrl);
  const journal = await openJournal(configuration);
  try {
    const found = joins ? await stackToJoin(journal, place) : undefined;
    const kind = joins ? 'joined' : 'first';
    const { account } = configuration;
    const positions = () => journal.ledger.positions(account);
    const isHeld = (await positions()).some(({ openedAt }) => openedAt > 0);
    const isAtStake = kind === 'first' && (isHeld || (await journal.intents.listOpen(account)).length > 0);
    const claim = await claimBooks({ journal, place, kind, severalMachines, logger, onProgress });
    try {
      // Only now: a start that was refused has bound the folder to nothing.
      keepJournalUrl();
      keepJournal(journal);
    } catch (error) {
      await claim.close();
      throw error;
    }
    return { ...claim, positions, isAtStake, ...(found ? { joins: found } : {}) };
  } catch (error) {
    await journal.close();
    throw error;
  }
}
