import type { Dialect } from './dialect.ts';

/** What was paid in less what was taken out, each at its worth of that moment: an asset's amount says nothing of that later. */
export function paidIn({ table }: Dialect): string {
  return `
CREATE TABLE paid_in (
  account TEXT PRIMARY KEY,
  worth TEXT NOT NULL
)${table};
`;
}
