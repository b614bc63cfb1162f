import { randomUUID } from 'node:crypto';
import type { Database, Row, Sql, Transaction, Value } from '../../stores/journal/sql/database.ts';
import type { AdapterName } from './adapters.ts';

/** A statement that the journal sent, as it was sent first. */
export interface Sent {
  sql: string;
  values: Value[];
}

/** The same database, which notes each statement once. */
export function recorded(database: Database, sent: Map<string, Sent>): Database {
  const noting = <D extends Sql>(over: D): D => {
    const note =
      <T>(ask: (sql: string, ...values: Value[]) => Promise<T>) =>
      (sql: string, ...values: Value[]): Promise<T> => {
        if (!sent.has(sql)) sent.set(sql, { sql, values });
        return ask(sql, ...values);
      };
    return { ...over, row: note(over.row), rows: note(over.rows), run: note(over.run) };
  };
  return {
    ...noting(database),
    transaction: (account, locks, work) =>
      database.transaction(account, locks, (transaction: Transaction) => work(noting(transaction))),
  };
}

/** Of an index one asks for these columns alone, and still reads a share of all rows that were ever written. */
const FEW_VALUES = ['account', 'venue', 'symbol', 'side', 'state', 'asset', 'book', 'kind', 'agent_id'];

/** What a statement reads of a table that grows, where that grows along: in words for a person. */
export type Wide = (sent: Sent) => Promise<string[]>;

/** SQLite says which index it takes for which columns: one that is not whole has rows of few states, and a search for rare values finds few. */
async function wideOnSqlite(database: Database, { sql, values }: Sent, grown: readonly string[]): Promise<string[]> {
  // One that is prepared already would be explained as it was then.
  const steps = await database.rows(`EXPLAIN QUERY PLAN /* ${randomUUID()} */ ${sql}`, ...values);
  const partial = new Set(
    (await database.rows("SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'")).map((row) =>
      String(row['name']),
    ),
  );
  const details = steps.map((row) => String(row['detail']));
  const isSorted = details.some((detail) => detail.includes('USE TEMP B-TREE FOR ORDER BY'));
  const stopsEarly = /\bORDER BY\b.*\bLIMIT\b|\bmax\(\w+\)/s.test(sql) && !isSorted;
  return details.filter((detail) => {
    const [, how, table = ''] = /^(SCAN|SEARCH) (\w+)/.exec(detail) ?? [];
    if (how === undefined || !grown.includes(table)) return false;
    const index = /USING (?:COVERING )?INDEX (\w+)/.exec(detail)?.[1] ?? '';
    if (partial.has(index)) return false;
    const columns = [...detail.matchAll(/(\w+)[=<>]\?/g)].map(([, column = '']) => column);
    const isNarrow = columns.some((column) => !FEW_VALUES.includes(column));
    return !isNarrow && !stopsEarly;
  });
}

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: PlanNode[];
}

const MOST_ROWS = 1_000;

/** PostgreSQL runs it and says how many rows it read; what it changed is rolled back. */
async function wideOnPostgres(database: Database, { sql, values }: Sent): Promise<string[]> {
  // Rows alone, of which some would be written twice.
  if (/^INSERT INTO \w+ \([^)]*\)\s+VALUES/.test(sql)) return [];
  const rolledBack = new Error('rolled back');
  let row: Row | undefined;
  await database
    .transaction('', {}, async (transaction) => {
      row = await transaction.row(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, ...values);
      throw rolledBack;
    })
    .catch((error: unknown) => {
      if (error !== rolledBack) throw error;
    });
  if (!row) throw new Error(`the server does not explain ${sql}`);
  const [plan] = row['QUERY PLAN'] as unknown as [{ Plan: PlanNode }];
  const nodes = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodes)];
  return nodes(plan.Plan).flatMap((node) => {
    const each =
      node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
    const read = each * node['Actual Loops'];
    return read > MOST_ROWS
      ? [`${node['Node Type']} ${node['Relation Name'] ?? node['Index Name'] ?? ''}: ${read} rows`]
      : [];
  });
}

/** Which of these read as much as was ever written, each with how. */
export async function wideOnes(
  name: AdapterName,
  database: Database,
  sent: Iterable<Sent>,
  grown: readonly string[],
): Promise<string[]> {
  const wide: string[] = [];
  for (const each of sent) {
    const how = name === 'sqlite' ? await wideOnSqlite(database, each, grown) : await wideOnPostgres(database, each);
    if (how.length > 0) wide.push(`${each.sql.replaceAll(/\s+/g, ' ')}: ${how.join('; ')}`);
  }
  return wide;
}

/** The tables with at least so many rows. */
export async function grownTables(name: AdapterName, database: Database, rows: number): Promise<string[]> {
  const tables = await database.rows(
    name === 'sqlite'
      ? "SELECT name FROM sqlite_master WHERE type = 'table'"
      : "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
  );
  const grown: string[] = [];
  for (const { name: table } of tables) {
    const row = await database.row(`SELECT count(*) AS n FROM ${table}`);
    if (Number(row?.['n']) >= rows) grown.push(String(table));
  }
  return grown;
}

/** What makes an index anew. */
export async function indexDefinition(name: AdapterName, database: Database, index: string): Promise<string> {
  const row = await database.row(
    name === 'sqlite'
      ? 'SELECT sql FROM sqlite_master WHERE name = ?'
      : 'SELECT indexdef AS sql FROM pg_indexes WHERE indexname = ?',
    index,
  );
  return String(row?.['sql']);
}
