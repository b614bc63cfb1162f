/** From which the first step of the drawdown guard counts since it last came to rest; null where that is the high-water mark. */
export function guardPeak(): string {
  return 'ALTER TABLE equity_marks ADD COLUMN guard_peak TEXT;';
}
