/** How many looks in a row found each difference between books and exchange, as JSON pairs of what it is and its count. */
export function looks(): string {
  return "ALTER TABLE reconciliations ADD COLUMN looks TEXT NOT NULL DEFAULT '[]';";
}
