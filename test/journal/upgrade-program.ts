import { UserError } from '../../contracts/errors.ts';
import { openPostgresDatabase } from '../../stores/journal/postgres/database.ts';
import { journalSchema } from '../../stores/journal/sql/migrations.ts';
import { openSqliteDatabase } from '../../stores/journal/sqlite/database.ts';

/** Opens a journal, which upgrades it, and ends; in the middle of its Nth step where that is given. Prints a refusal. Usage: node upgrade-program.ts ADDRESS [N] */
const [address = '', last] = process.argv.slice(2);
const NOW = 1_795_000_100_000;
let step = 0;

/** Each step tells when it was taken, once its statements are done and before it is committed. */
function now(): number {
  step += 1;
  if (step === Number(last)) process.kill(process.pid, 'SIGKILL');
  return NOW;
}

try {
  const open = address.startsWith('postgres') ? openPostgresDatabase : openSqliteDatabase;
  await (await open(address, { mode: 'paper', venue: 'binance' }, now, journalSchema)).close();
} catch (error) {
  process.stdout.write(`${error instanceof UserError ? error.code : 'failed'}: ${String(error)}\n`);
  process.exit(1);
}
