/** What an earlier release bought, which left no view of it: else what is still held of it would count as paid in, and have no exits once it is not configured. */
export function boughtBefore(): string {
  return `
INSERT INTO upheld_views (account, symbol, upheld_at)
  SELECT account, symbol, min(filled_at) FROM fills WHERE side = 'buy' GROUP BY account, symbol
  ON CONFLICT (account, symbol) DO NOTHING;
`;
}
