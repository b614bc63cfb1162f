import { openPostgresJournal } from '../../stores/journal/postgres/journal.ts';
import { openSqliteJournal } from '../../stores/journal/sqlite/journal.ts';
import { PAPER } from '../support/books.ts';

/** A process that has books open until it is killed. Arguments: sqlite or postgres, and the file or the address. */
const [, , engine, address = ''] = process.argv;
const journal = await (engine === 'sqlite' ? openSqliteJournal(address, PAPER) : openPostgresJournal(address, PAPER));
console.log(`open: ${journal.id}`);
setInterval(() => undefined, 1_000);
