import type { Candle, OrderBook } from '../domain/market/market.ts';
import type { PerpetualSeen } from '../domain/market/perpetual.ts';
import type { AgentId } from '../domain/signals/agents.ts';
import type { NewsItem } from '../domain/signals/news.ts';
import type { Sentiment } from '../domain/signals/sentiment.ts';

/** `candle.closed`: a minute that is over, as a cycle saw it. */
export interface CandleClosed {
  venue: string;
  symbol: string;
  candle: Candle;
}

/** `book.seen`: the book of one symbol that a cycle decided on. */
export interface BookSeen {
  snapshotId: string;
  venue: string;
  symbol: string;
  takenAt: number;
  book: OrderBook;
  /** Missing where no perpetual markets are read. */
  perpetual?: PerpetualSeen;
}

/** `news.rated`: a piece of news that an agent rated for a symbol. */
export interface NewsRated {
  agentId: AgentId;
  symbol: string;
  item: NewsItem;
  sentiment: Sentiment;
  model: string;
}
