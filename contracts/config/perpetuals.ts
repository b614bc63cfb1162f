import type { PaperMarket } from './paper-exchange.ts';

interface Trading {
  mode: 'paper' | 'live';
  venue: string;
  paperExchange: { market: PaperMarket & { venue?: string; restUrl?: string | undefined } };
}

/** The venue whose own prices are traded on, live or mirrored. None where they are made, replayed, or those at another address. */
export function realVenue({ mode, venue, paperExchange: { market } }: Trading): string | undefined {
  if (mode === 'live') return venue;
  return market.kind === 'mirror' && market.restUrl === undefined ? market.venue : undefined;
}
