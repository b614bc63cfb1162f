/** What went wrong as a sentence, for a report that goes on after it. */
export function sentenceOf(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return words.endsWith('.') ? words : `${words}.`;
}
