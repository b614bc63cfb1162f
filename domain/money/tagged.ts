/** In types alone: nothing bears it when it runs. */
declare const tag: unique symbol;

/** A text of one kind, which the compiler takes for no other kind: swapped arguments do not compile, and neither does a text without a kind. */
export type Tagged<T, Name extends string> = T & { readonly [tag]: Name };

/**
 * Takes a text for one of the kind that is asked for: once, where it is made, or where a schema, a column or a field of the exchange's says what
 * it is.
 */
export function tagged<T extends Tagged<string, string>>(text: string): T {
  return text as T;
}
