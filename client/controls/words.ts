/** What went wrong as a sentence, for a report that goes on after it. */
export function sentenceOf(error: unknown): string {
  const words = wordsOf(error);
  return words.endsWith('.') ? words : `${words}.`;
}

function wordsOf(error: unknown): string {
  // A server whose name has several addresses: only what each of them said has words.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(wordsOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
