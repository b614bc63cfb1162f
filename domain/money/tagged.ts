/** In types alone: nothing bears it when it runs. */
declare const tag: unique symbol;

/**
 * A text or number of one kind, which the compiler takes for no other kind: swapped arguments do not compile. What bears no tag yet, as a
 * parser, a database or a test has it, is taken for any: a schema at the boundary has looked at it.
 */
export type Tagged<T, Name extends string> = T & { readonly [tag]?: Name };
