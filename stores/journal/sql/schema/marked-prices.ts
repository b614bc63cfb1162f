/** The prices of the last mark, as JSON by symbol: while trading is halted no cycle has newer ones. Null in marks of an earlier release. */
export function markedPrices(): string {
  return 'ALTER TABLE equity_marks ADD COLUMN prices TEXT;';
}
