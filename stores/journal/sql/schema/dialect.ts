/** How the two databases differ in the words of their schemas. */
export interface Dialect {
  integer: string;
  /** A key that counts up by itself. */
  counter: string;
  /** After the closing bracket of a table. */
  table: string;
  /** A number in a column that holds JSON; NULL where there is none. */
  numberIn(column: string, path: readonly (string | number)[]): string;
  /** Statements after which no row of the table can be changed or deleted. */
  appendOnly(table: string): string;
}

/** Of the journal and of the market buffer. Released: never edited. */
export function outboxTable({ integer, counter, table }: Dialect): string {
  return `CREATE TABLE outbox (
  sequence ${counter},
  event_id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  at ${integer} NOT NULL,
  mode TEXT NOT NULL,
  cycle_id TEXT,
  correlation_id TEXT,
  payload TEXT NOT NULL
)${table};`;
}

export const sqliteDialect: Dialect = {
  integer: 'INTEGER',
  counter: 'INTEGER PRIMARY KEY AUTOINCREMENT',
  table: ' STRICT',
  numberIn: (column, path) =>
    `json_extract(${column}, '$${path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')}')`,
  appendOnly: (table) =>
    ['UPDATE', 'DELETE']
      .map(
        (deed) => `
CREATE TRIGGER ${table}_no_${deed.toLowerCase()} BEFORE ${deed} ON ${table}
BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END;`,
      )
      .join(''),
};

export const postgresDialect: Dialect = {
  integer: 'BIGINT',
  counter: 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  table: '',
  numberIn: (column, path) => `(${column}::jsonb #>> '{${path.join(',')}}')::float8`,
  appendOnly: (table) => `
CREATE FUNCTION ${table}_append_only() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION '${table} is append-only'; END $$;
CREATE TRIGGER ${table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ${table}
  FOR EACH STATEMENT EXECUTE FUNCTION ${table}_append_only();`,
};
