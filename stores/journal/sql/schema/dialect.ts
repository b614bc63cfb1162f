/** How the two databases differ in the words of their schemas. */
export interface Dialect {
  integer: string;
  /** A key that counts up by itself. */
  counter: string;
  /** After the closing bracket of a table. */
  table: string;
}

export const sqliteDialect: Dialect = {
  integer: 'INTEGER',
  counter: 'INTEGER PRIMARY KEY AUTOINCREMENT',
  table: ' STRICT',
};

export const postgresDialect: Dialect = {
  integer: 'BIGINT',
  counter: 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  table: '',
};
