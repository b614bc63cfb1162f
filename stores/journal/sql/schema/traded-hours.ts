import type { Dialect } from './dialect.ts';

/** Value and fees of the fills of each hour: a day begins at a full hour, and its thousands of fills are not added up at each order. */
export function tradedHours({ integer, table }: Dialect): string {
  return `
CREATE TABLE traded_hours (
  account TEXT NOT NULL,
  hour ${integer} NOT NULL,
  turnover TEXT NOT NULL,
  fees TEXT NOT NULL,
  PRIMARY KEY (account, hour)
)${table};
`;
}
