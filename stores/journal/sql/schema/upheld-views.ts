import type { Dialect } from './dialect.ts';

/** When a cycle last upheld the view that a symbol is held on, by the exchange's clock: what is held on a view that has ended is sold. */
export function upheldViews({ integer, table }: Dialect): string {
  return `
CREATE TABLE upheld_views (
  account TEXT NOT NULL,
  symbol TEXT NOT NULL,
  upheld_at ${integer} NOT NULL,
  PRIMARY KEY (account, symbol)
)${table};
`;
}
