import type { Dialect } from './dialect.ts';

/** To which account at which venue's market an account of the books belongs. What was written before is bound by the first start that finds it. */
export function bindings({ integer, table }: Dialect): string {
  return `
CREATE TABLE bindings (
  account TEXT PRIMARY KEY,
  venue TEXT NOT NULL,
  market TEXT NOT NULL,
  fingerprint TEXT NOT NULL UNIQUE,
  bound_at ${integer} NOT NULL
)${table};
`;
}
