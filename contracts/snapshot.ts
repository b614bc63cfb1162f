/** Of a configuration. */
export const MAX_SYMBOLS = 50;
/** In one snapshot: what is held and not configured any more is seen beside the others. */
export const MAX_SNAPSHOT_SYMBOLS = 2 * MAX_SYMBOLS;
/**
 * Where the market buffer cannot keep it, a snapshot up to this goes along with every question. Larger ones, eight times and more, once an agent,
 * fill histories and are refused by Temporal at 4 MB.
 */
export const MAX_INLINE_BYTES = 100_000;
/** More than any configuration makes: what says that it is larger is not read. */
export const MAX_SNAPSHOT_BYTES = 12_000_000;
