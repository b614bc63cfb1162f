import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { ensureProtection } from '../../activities/protection/ensure.ts';
import { UserError } from '../../contracts/errors.ts';
import { didYouMean } from '../../contracts/near-names.ts';
import { isHeld } from '../../domain/portfolio/holding.ts';
import type { BookedPosition } from '../../domain/portfolio/portfolio.ts';
import type { ByHandBook, Signed } from '../../stores/journal/books/by-hand.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { sentenceOf } from './words.ts';

export interface HoldingTools {
  journal: { byHand: ByHandBook; ledger: Pick<Journal['ledger'], 'positions'> };
  /** To wake the exits; those that run find in the books what they are to do. */
  temporal(): Promise<Client>;
}

export interface CloseReport {
  symbol: string;
  /** When it was asked for first, UTC epoch milliseconds. */
  askedAt: number;
  /** Nothing of that holding is held any more but dust. */
  closed: boolean;
  /** What is held now. */
  quantity: string;
  dust: string;
  /** What is to be said of it; empty where nothing is. */
  note: string;
}

const POLL_MS = 250;
const WAKE_MS = 3_000;

/**
 * Has one position sold by its own exits, so that of all the orders that would close it one wins. Works while trading is halted, as all that reduces
 * does, and goes on where the wait is over before. Idempotent by holding.
 *
 * @throws UserError NotHeld
 */
export async function closePosition(
  { account, symbol, waitMs, ...signed }: { account: string; symbol: string; waitMs: number } & Signed,
  { journal, temporal }: HoldingTools,
): Promise<CloseReport> {
  const find = async (): Promise<BookedPosition | undefined> =>
    (await journal.ledger.positions(account)).find((one) => one.symbol === symbol);
  let position = await find();
  const dustOf = (one: BookedPosition | undefined): string => one?.dust ?? '0';
  if (!position || !isHeld(position)) {
    const last = (await journal.byHand.exits(account)).find((one) => one.symbol === symbol);
    if (!last?.closing) throw nothingHeld(symbol, await journal.ledger.positions(account));
    const { at: askedAt } = last.closing;
    return { symbol, askedAt, closed: true, quantity: '0', dust: dustOf(position), note: 'It was closed before.' };
  }
  const { openedAt } = position;
  const { closing } = await journal.byHand.close({ account, symbol, openedAt, ...signed });
  const note = await wakeExits(temporal, account, symbol);
  const isOver = (): boolean => !position || !isHeld(position) || position.openedAt !== openedAt;
  for (const until = Date.now() + waitMs; !isOver() && Date.now() < until; position = await find())
    await sleep(POLL_MS);
  return {
    symbol,
    askedAt: closing?.at ?? Date.now(),
    closed: isOver(),
    quantity: position?.quantity ?? '0',
    dust: dustOf(position),
    note,
  };
}

/** @returns what is to be said where they cannot be woken: then they look by themselves, or are started by the next reconciliation */
export async function wakeExits(temporal: () => Promise<Client>, account: string, symbol: string): Promise<string> {
  try {
    const client = await temporal();
    await client.withDeadline(Date.now() + WAKE_MS, () => ensureProtection(client, account, symbol));
    return '';
  } catch (error) {
    return `It stands in the books, and is done as soon as Temporal and the workers run. ${sentenceOf(error)}`;
  }
}

export function nothingHeld(
  symbol: string,
  positions: readonly Pick<BookedPosition, 'symbol' | 'quantity'>[],
): UserError {
  const held = positions.filter(isHeld).map((position) => position.symbol);
  const what =
    held.length === 0
      ? ': nothing is held at all'
      : `${didYouMean(symbol, held) || ':'} ${held.join(', ')} ${held.length === 1 ? 'is' : 'are'} held`;
  return new UserError('NotHeld', `Nothing is held of ${symbol}${what}.`);
}
