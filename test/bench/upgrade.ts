import { randomBytes } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { openPostgresDatabase } from '../../stores/journal/postgres/database.ts';
import type { Database } from '../../stores/journal/sql/database.ts';
import { journalSchema } from '../../stores/journal/sql/migrations.ts';
import { openSqliteDatabase } from '../../stores/journal/sqlite/database.ts';
import { type AdapterName, adapterNames, startAdapter } from '../journal/adapters.ts';
import { PAPER } from '../support/books.ts';
import { growBooks } from '../support/grown-books.ts';

/**
 * How long the upgrade of a large journal takes, step by step, from the oldest schema that books are upgraded from in the tests. Three orders are a
 * cycle, which leaves ten signals as well. Usage: node test/bench/upgrade.ts [--orders 300000]
 */
const { values } = parseArgs({ options: { orders: { type: 'string', default: '300000' } } });
const ORDERS = Number(values.orders);
const FROM = 9;

const padding = (characters: number): string => randomBytes(characters / 2).toString('hex');
const bodies = {
  decision: JSON.stringify({ pad: padding(13_300) }),
  consensus: JSON.stringify({ pad: padding(4_400) }),
  plan: JSON.stringify({ pad: padding(1_800) }),
};

async function measure(name: AdapterName): Promise<void> {
  const adapter = await startAdapter(name);
  const place = await adapter.place();
  const open = (version: number): Promise<Database> => {
    const schema = { ...journalSchema, migrations: journalSchema.migrations.slice(0, version) };
    return (name === 'sqlite' ? openSqliteDatabase : openPostgresDatabase)(place, PAPER, Date.now, schema);
  };
  const earlier = await open(FROM);
  await growBooks(earlier.run, { orders: ORDERS, until: Date.now() - 600_000, bodies });
  await earlier.takeStatistics();
  await earlier.close();
  const size = async (): Promise<string> =>
    name === 'sqlite' ? `, ${((await stat(place)).size / 1e6).toFixed(0)} MB` : '';
  console.log(`${name}: ${ORDERS} orders at schema ${FROM}${await size()}`);
  const seconds: Record<number, number> = {};
  for (const { version } of journalSchema.migrations.slice(FROM)) {
    const startedAt = performance.now();
    await (await open(version)).close();
    seconds[version] = Math.round(performance.now() - startedAt) / 1_000;
    console.log(`  step ${version}: ${seconds[version]} s${await size()}`);
  }
  console.log(JSON.stringify({ benchmark: 'upgrade', adapter: name, orders: ORDERS, seconds }));
  await adapter.stop();
  if (name === 'sqlite') await rm(dirname(place), { recursive: true });
}

for (const name of adapterNames) await measure(name);
