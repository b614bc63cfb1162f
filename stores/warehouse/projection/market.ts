import type { BookSeen, CandleClosed, NewsRated } from '../../../contracts/market-events.ts';
import { decimal } from '../../../domain/money/money.ts';
import { microprice, readBook } from '../../../domain/quoting/market-making.ts';
import { money, type Projected, row } from './values.ts';

const MINUTE_MS = 60_000;

export function candleClosed({ venue, symbol, candle }: CandleClosed): Projected[] {
  const { openAt, open, high, low, close, volume } = candle;
  const facts = {
    venue,
    symbol,
    opened_at: openAt,
    open: money(open),
    high: money(high),
    low: money(low),
    close: money(close),
    volume: money(volume),
  };
  return [row('market_candles', facts, '', openAt + MINUTE_MS)];
}

/** A book with an empty side has no price and makes no row. */
export function bookSeen({ snapshotId, venue, symbol, takenAt, book, perpetual }: BookSeen): Projected[] {
  const [bid, ask] = [book.bids[0], book.asks[0]];
  const read = readBook(book);
  if (!bid || !ask || !read) return [];
  const facts = {
    snapshot_id: snapshotId,
    venue,
    symbol,
    bid: money(bid[0]),
    ask: money(ask[0]),
    bid_quantity: money(bid[1]),
    ask_quantity: money(ask[1]),
    mid: money(read.mid),
    microprice: money(microprice(read)),
    spread_bps: decimal(ask[0]).minus(bid[0]).div(read.mid).times(10_000).toNumber(),
    levels: JSON.stringify(book),
    perpetual: perpetual ? JSON.stringify(perpetual) : null,
  };
  return [row('book_snapshots', facts, '', takenAt)];
}

const BODY = 1_000;

export function newsRated({ agentId, symbol, item, sentiment, model }: NewsRated): Projected[] {
  const { id, source, title, text, publishedAt } = item;
  return [
    row('news', {
      symbol,
      agent: agentId,
      news_id: id,
      news_source: source,
      title,
      body: text.slice(0, BODY),
      published_at: publishedAt,
      ...sentiment,
      model,
    }),
  ];
}
