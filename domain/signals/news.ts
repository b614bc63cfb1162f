/** One piece of news, cleaned: plain words without markup or control characters. Times are UTC epoch milliseconds. */
export interface NewsItem {
  id: string;
  /** Where it came from, e.g. the feed's host. */
  source: string;
  title: string;
  text: string;
  publishedAt: number;
}

/** Names that people write for an asset, beside its ticker. */
const names: Readonly<Record<string, readonly string[]>> = {
  BTC: ['bitcoin'],
  ETH: ['ethereum', 'ether'],
  BNB: ['binance coin'],
  SOL: ['solana'],
  XRP: ['ripple'],
  ADA: ['cardano'],
  DOGE: ['dogecoin'],
  AVAX: ['avalanche'],
  DOT: ['polkadot'],
  LTC: ['litecoin'],
  LINK: ['chainlink'],
  TRX: ['tron'],
};

/** What news of the whole market counts for, beside what names the asset: a third says that most of it moves something else. */
export const MARKET_WIDE = 0.3;

/** Of the crypto market as a whole, and of the money that all of it is priced in. */
const marketWords = [
  'crypto(?:currency)? (?:market|price|sector|industry|stock|investor|trader|fund|regulation|sell-?off|crash|rally)s?',
  'crypto (?:rallies|rises|gains|surges|soars|rebounds|falls|slides|slumps|drops|plunges|tumbles)',
  'cryptocurrencies',
  'digital assets?',
  'altcoins?',
  'stablecoins?',
  'federal reserve',
  'interest rates?',
  'rate (?:cut|hike|rise)s?',
  'inflation',
];
const marketWide = new RegExp(`(?<!\\p{L})(?:${marketWords.join('|')})(?!\\p{L})`, 'iu');
/** In capitals alone: "fed up" is no central bank. */
const marketNames = /(?<!\p{L})(?:Fed|FED|FOMC|CPI)(?!\p{L})/u;

/** What a piece of news counts for of an asset: 1 where it names it, `MARKET_WIDE` where it is about the whole market, 0 elsewhere. */
export function relevanceTo(item: Pick<NewsItem, 'title' | 'text'>, base: string): number {
  if (isAbout(item, base)) return 1;
  // The headline alone: a text names the market in passing.
  return marketWide.test(item.title) || marketNames.test(item.title) ? MARKET_WIDE : 0;
}

/** Whether the news is about an asset: its ticker in capitals or one of its names stands there as a word. */
export function isAbout({ title, text }: Pick<NewsItem, 'title' | 'text'>, base: string): boolean {
  const words = `${title} ${text}`;
  const ticker = new RegExp(`(?<![\\p{L}\\p{N}])${base}(?![\\p{L}\\p{N}])`, 'u');
  return (
    ticker.test(words) ||
    (names[base] ?? []).some((name) => new RegExp(`(?<!\\p{L})${name}(?!\\p{L})`, 'iu').test(words))
  );
}

/** The newest of each story: the same title told by several, or twice, is one story. */
export function distinct(items: readonly NewsItem[]): NewsItem[] {
  const stories = new Map<string, NewsItem>();
  for (const item of items.toSorted((one, other) => other.publishedAt - one.publishedAt)) {
    const story = item.title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
      .trim();
    if (!stories.has(story)) stories.set(story, item);
  }
  return [...stories.values()];
}
