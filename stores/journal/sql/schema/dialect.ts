/** How the two databases differ in the words of their schemas. */
export interface Dialect {
  integer: string;
  /** A key that counts up by itself. */
  counter: string;
  /** After the closing bracket of a table. */
  table: string;
  /** Statements after which no row of the table can be changed or deleted. */
  appendOnly(table: string): string;
}

export const sqliteDialect: Dialect = {
  integer: 'INTEGER',
  counter: 'INTEGER PRIMARY KEY AUTOINCREMENT',
  table: ' STRICT',
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
  appendOnly: (table) => `
CREATE FUNCTION ${table}_append_only() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION '${table} is append-only'; END $$;
CREATE TRIGGER ${table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ${table}
  FOR EACH STATEMENT EXECUTE FUNCTION ${table}_append_only();`,
};
