/** Of a configuration. */
export const MAX_SYMBOLS = 50;
/** In one snapshot: what is held and not configured any more is seen beside the others. */
export const MAX_SNAPSHOT_SYMBOLS = 2 * MAX_SYMBOLS;
/** Up to this a snapshot goes along with every question. Eight times more, once an agent, fills histories and is refused by Temporal at 4 MB. */
export const MAX_INLINE_BYTES = 100_000;
/** More than any configuration makes: what says that it is larger is not read. */
export const MAX_SNAPSHOT_BYTES = 8_000_000;
