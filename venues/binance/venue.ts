import type { VenueAccess } from '../access.ts';
import type { Venue } from '../port.ts';
import { createCcxtClient, fetchServerTime, venueClockOf } from './ccxt-client.ts';
import { createCcxtMarket } from './ccxt-market.ts';
import { createCcxtPrices } from './ccxt-prices.ts';
import { createCcxtTrading } from './ccxt-trading.ts';
import { classifyFault } from './classify.ts';
import { closingPrice } from './closing-price.ts';
import { marketNameAt } from './market-name.ts';
import { loadMarkets } from './markets.ts';
import { openUserStream } from './user-stream.ts';
import { createWatchedTouches } from './watched-touches.ts';

/** Binance, or an exchange of our own that speaks its protocol. */
export function openBinance(access: VenueAccess): Venue {
  const client = createCcxtClient(access);
  const { now: exchangeTime } = venueClockOf(client);
  return {
    listings: () => loadMarkets(client),
    serverTime: () => fetchServerTime(client),
    marketName: () => marketNameAt(client.id, access.restUrl),
    trading: () => createCcxtTrading(client),
    market: (mode, speed) => createCcxtMarket(client, mode, speed),
    async prices() {
      await loadMarkets(client);
      return createCcxtPrices(client, exchangeTime);
    },
    watchedTouches: () => createWatchedTouches(client),
    async closingPrice(symbol, at) {
      await loadMarkets(client);
      return closingPrice(client, symbol, at);
    },
    keyPermissions: () => client.sapiGetAccountApiRestrictions(),
    isRefusal: (error) => classifyFault(error).outcome === 'rejected',
    stream({ onEvent, logger }) {
      const { restUrl, apiKey, secret } = access;
      if (!apiKey || !secret) throw new Error(`the stream of an account at ${access.venue} needs its keys`);
      return openUserStream({ url: streamUrl(restUrl), keys: { apiKey, secret }, exchangeTime, onEvent, logger });
    },
  };
}

/** Of the WebSocket API (developers.binance.com, "WebSocket API general information"). */
function streamUrl(restUrl: string | undefined): string {
  return `${restUrl?.replace(/^http/, 'ws') ?? 'wss://ws-api.binance.com:443'}/ws-api/v3`;
}
