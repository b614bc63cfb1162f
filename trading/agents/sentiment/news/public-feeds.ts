/**
 * Feeds that anybody may read without a key, for a first try: four newspapers of the crypto market, and what the Federal Reserve says of rates.
 * Whoever publishes them may change or end them, and has terms of use of their own.
 */
export const publicFeeds: readonly string[] = [
  // Without the slash at its end, from which it would lead elsewhere.
  'https://www.coindesk.com/arc/outboundfeeds/rss',
  'https://cointelegraph.com/rss',
  'https://decrypt.co/feed',
  'https://www.theblock.co/rss.xml',
  'https://www.federalreserve.gov/feeds/press_monetary.xml',
];
