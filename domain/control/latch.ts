import type { IntentId } from '../orders/ids.ts';

/** A stop as it is carried out: each text is one printable line that every place takes. */
export interface Stop {
  reason: string;
  by: string;
  requestId: string;
  /** Sells what is held once the stop is quiet. */
  flatten: boolean;
}

/** What the journal says of trading. */
export interface TradingBooks {
  account: string;
  halted: boolean;
  epoch: number;
  reason: string;
  by: string;
  /** Names the books that trading control goes by. */
  journalId: string;
}

export interface OpenOrder {
  symbol: string;
  intentId: IntentId;
}

/** What one run of the latch hands to the next. */
export interface LatchMemory {
  /** Not fenced yet. */
  waiting: Stop[];
  /** Request ids of the stops of the halt in force. */
  seen: string[];
  /** Shown until the journal has been read again, which has the last word. */
  books?: TradingBooks | undefined;
  /** The last hundred. */
  cancelled: OpenOrder[];
  /** Selling is wished for, and not started yet. UTC epoch milliseconds. */
  sell?: { since: number } | undefined;
  /** Epoch of the last selling. */
  flattened?: number | undefined;
}

export type LatchStep = 'fence' | 'books' | 'sweep' | 'schedule' | 'flatten';

export interface LatchState extends LatchMemory {
  /** When the oldest stop arrived that is not fenced yet; UTC epoch milliseconds. */
  waitingSince?: number | undefined;
  /** The books were read in this run. */
  hasRead: boolean;
  /** Epoch at which the halt in force began: a sweep that began since then counts for each later stop. */
  haltedFrom: number;
  quietEpoch?: number | undefined;
  /** Epoch that the schedule was paused or resumed for. */
  alignedEpoch?: number | undefined;
  /** What could not be done, in words; the oldest first. */
  trouble: Partial<Record<LatchStep, string>>;
}

/** Stops that wait beyond so many are one with the last of them. */
export const MOST_WAITING = 200;
const BATCH = 100;
const REMEMBERED = 200;
const MOST_CANCELLED = 100;
/** Selling waits for quiet, and no longer than this: what cannot be cancelled has its own reserved, and sells beside nothing else. */
const SELL_WITHIN_MS = 15_000;
const LONGEST_PAUSE_MS = 5_000;

export function begun(memory: LatchMemory, at: number): LatchState {
  const waitingSince = memory.waiting.length > 0 ? at : undefined;
  return { ...memory, waitingSince, hasRead: false, haltedFrom: memory.books?.epoch ?? 0, trouble: {} };
}

export function remembered({ waiting, seen, books, cancelled, sell, flattened }: LatchState): LatchMemory {
  return { waiting, seen: seen.slice(-REMEMBERED), books, cancelled, sell, flattened };
}

/** A request that was seen is no other stop. */
export function asked(state: LatchState, stop: Stop, at: number): LatchState {
  if (state.seen.includes(stop.requestId)) return state;
  const isFull = state.waiting.length >= MOST_WAITING;
  const dropped = isFull ? state.waiting.at(-1) : undefined;
  const last = { ...stop, flatten: stop.flatten || dropped?.flatten === true };
  return {
    ...state,
    seen: [...state.seen, stop.requestId],
    waiting: [...(isFull ? state.waiting.slice(0, -1) : state.waiting), last],
    waitingSince: state.waitingSince ?? at,
  };
}

/** What is fenced next: a stop that the books do not take, for whatever reason, keeps no other from being taken. */
export function nextBatch({ waiting }: LatchState, failures: number): Stop[] {
  return failures % 2 === 1 ? waiting.slice(-1) : waiting.slice(0, BATCH);
}

/** @param state after it has learned what the books answered. */
export function fenced(state: LatchState, batch: readonly Stop[], at: number): LatchState {
  const waiting = state.waiting.filter((stop) => !batch.includes(stop));
  const isToBeSold = batch.some(({ flatten }) => flatten) && state.books?.halted === true;
  return {
    ...state,
    waiting,
    waitingSince: waiting.length === 0 ? undefined : state.waitingSince,
    sell: isToBeSold ? (state.sell ?? { since: at }) : state.sell,
  };
}

/**
 * The journal has the last word; answers may come in another order than they were given. The epochs of two journals say nothing of each other:
 * the old one may have been moved away.
 */
export function learned(state: LatchState, books: TradingBooks): LatchState {
  const before = state.books;
  const isSame = before?.journalId === books.journalId;
  if (state.hasRead && isSame && books.epoch < before.epoch) return state;
  const wasHalted = before?.halted === true;
  const isAnotherHalt = books.epoch !== before?.epoch && !wasHalted;
  const known: LatchState = {
    ...state,
    hasRead: true,
    books,
    haltedFrom: books.halted && !(isSame && wasHalted) ? books.epoch : state.haltedFrom,
    cancelled: before && isAnotherHalt ? [] : state.cancelled,
    ...(isSame ? {} : { quietEpoch: undefined, alignedEpoch: undefined }),
  };
  if (books.halted) return known;
  const { sweep: _sweep, flatten: _flatten, ...trouble } = state.trouble;
  // What is sent again after a resume is a stop again; what waits for its fence is not sent again.
  const seen = wasHalted ? state.waiting.map(({ requestId }) => requestId) : state.seen;
  return { ...known, seen, sell: undefined, trouble };
}

/** A look at the exchange counts for the halt in force where it began in it: not before it, and not for other books. */
export function swept(
  state: LatchState,
  look: { epoch: number | undefined; journalId: string | undefined },
  found: { quiet: boolean; cancelled: readonly OpenOrder[] },
): LatchState {
  const { books, haltedFrom } = state;
  const isOfThisHalt = look.epoch !== undefined && look.journalId === books?.journalId && haltedFrom <= look.epoch;
  return {
    ...state,
    cancelled: [...state.cancelled, ...found.cancelled].slice(-MOST_CANCELLED),
    quietEpoch: found.quiet && isOfThisHalt && books?.halted ? books.epoch : state.quietEpoch,
  };
}

/** @param words `undefined` once it is done. */
export function troubled(state: LatchState, step: LatchStep, words: string | undefined): LatchState {
  const { [step]: _before, ...others } = state.trouble;
  return { ...state, trouble: words === undefined ? others : { ...state.trouble, [step]: words } };
}

export function isFenced({ books, waiting }: LatchState): boolean {
  return books?.halted === true && waiting.length === 0;
}

/** The exchange is to be looked at. */
export function isUnquiet({ waiting, trouble, books, quietEpoch }: LatchState): boolean {
  const unfenced = waiting.length > 0 && trouble.fence !== undefined;
  return unfenced || (books?.halted === true && quietEpoch !== books.epoch);
}

export function isToSell({ hasRead, books, sell }: LatchState): boolean {
  return hasRead && books?.halted === true && sell !== undefined;
}

/** How long selling waits for quiet still, in milliseconds; 0 or less once it has waited enough. */
export function quietWaitMs({ sell }: LatchState, at: number): number {
  return (sell?.since ?? 0) + SELL_WITHIN_MS - at;
}

/** @returns why there is no halt of this epoch to resume from. */
export function movedFrom({ waiting, books }: LatchState, expectedEpoch: number): string | undefined {
  if (waiting.length > 0) return 'a stop has just arrived';
  const { epoch, halted, by, reason } = books ?? { epoch: 0, halted: false, by: '', reason: '' };
  if (epoch === expectedEpoch && halted) return undefined;
  const now = halted ? `halted at epoch ${epoch} by ${by}: ${reason}` : `active at epoch ${epoch}`;
  return `you saw the halt of epoch ${expectedEpoch}, and trading is ${now}. Look at it, and resume with that epoch`;
}

/** How long a step rests before it is tried again, after so many failures in a row. */
export function pauseMs(failures: number): number {
  return Math.min(LONGEST_PAUSE_MS, 250 * 2 ** Math.min(8, failures));
}
