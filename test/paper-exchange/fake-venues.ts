import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Fakes: answers in the form that each venue's documentation shows, with times of now. Nothing of them was recorded from the venue itself. */
export interface FakeVenue {
  url: string;
  asked: string[];
  close(): void;
}

type Answers = Record<string, (query: URLSearchParams, now: number) => unknown>;

const MINUTE_MS = 60_000;
/** As many of the newest minutes as Kraken tells. */
const KRAKEN_MINUTES = 720;

const kraken = (result: unknown) => ({ error: [], result });

/** docs.kraken.com/api, "Market Data". */
export const krakenAnswers: Answers = {
  '/0/public/Time': (_query, now) =>
    kraken({ unixtime: Math.floor(now / 1_000), rfc1123: new Date(now).toUTCString() }),
  '/0/public/AssetPairs': () =>
    kraken({
      XXBTZUSD: {
        altname: 'XBTUSD',
        wsname: 'XBT/USD',
        aclass_base: 'currency',
        base: 'XXBT',
        aclass_quote: 'currency',
        quote: 'ZUSD',
        lot: 'unit',
        cost_decimals: 5,
        pair_decimals: 1,
        lot_decimals: 8,
        lot_multiplier: 1,
        leverage_buy: [2, 3],
        leverage_sell: [2, 3],
        fees: [[0, 0.4]],
        fees_maker: [[0, 0.25]],
        fee_volume_currency: 'ZUSD',
        margin_call: 80,
        margin_stop: 40,
        ordermin: '0.00005',
        costmin: '0.5',
        tick_size: '0.1',
        status: 'online',
      },
    }),
  '/0/public/Depth': (_query, now) =>
    kraken({
      XXBTZUSD: {
        asks: [
          ['30384.10000', '2.059', Math.floor(now / 1_000)],
          ['30387.90000', '1.500', Math.floor(now / 1_000)],
        ],
        bids: [
          ['30297.00000', '1.115', Math.floor(now / 1_000)],
          ['30296.70000', '2.002', Math.floor(now / 1_000)],
        ],
      },
    }),
  '/0/public/Trades': (_query, now) =>
    kraken({
      XXBTZUSD: [
        ['30243.40000', '0.34507674', now / 1_000 - 2, 'b', 'm', '', 61_044_952],
        ['30243.30000', '0.00376960', now / 1_000 - 1, 's', 'l', '', 61_044_953],
      ],
      last: `${now}000000`,
    }),
  '/0/public/OHLC': (query, now) => {
    const newest = Math.floor(now / MINUTE_MS);
    const first = Math.max(
      newest - KRAKEN_MINUTES + 1,
      Math.ceil((Number(query.get('since') ?? 0) * 1_000) / MINUTE_MS),
    );
    const minutes = Array.from({ length: Math.max(0, newest - first + 1) }, (_, index) => first + index);
    return kraken({
      XXBTZUSD: minutes.map((minute) => [
        minute * 60,
        '30306.1',
        '30306.2',
        '30305.7',
        '30305.8',
        '30306.1',
        '3.39243896',
        23,
      ]),
      last: newest * 60,
    });
  },
};

const okx = (data: unknown[]) => ({ code: '0', msg: '', data });
/** At most so many a page, the newest first. */
const OKX_PAGE = 300;

const okxCandles: Answers[string] = (query, now) => {
  const newest = Math.floor(now / MINUTE_MS);
  const before = Math.floor(Number(query.get('before') ?? 0) / MINUTE_MS);
  const after = Math.min(newest + 1, Math.ceil(Number(query.get('after') ?? Number.MAX_SAFE_INTEGER) / MINUTE_MS));
  const limit = Math.min(OKX_PAGE, Number(query.get('limit') ?? 100));
  const minutes = Array.from({ length: Math.min(limit, after - 1 - before) }, (_, index) => after - 1 - index);
  // One in seven has no trade, and is not told.
  return okx(
    minutes
      .filter((minute) => minute % 7 !== 0)
      .map((minute) => [
        String(minute * MINUTE_MS),
        '41006.8',
        '41010.1',
        '41000.2',
        '41003.3',
        '8.422410',
        '345000',
        '345000',
        '1',
      ]),
  );
};

/** okx.com/docs-v5, "Public Data" and "Order Book Trading". */
export const okxAnswers: Answers = {
  '/api/v5/public/time': (_query, now) => okx([{ ts: String(now) }]),
  '/api/v5/public/instruments': () =>
    okx([
      {
        alias: '',
        baseCcy: 'BTC',
        category: '1',
        ctMult: '',
        ctType: '',
        ctVal: '',
        ctValCcy: '',
        expTime: '',
        instFamily: '',
        instId: 'BTC-USDT',
        instType: 'SPOT',
        lever: '10',
        listTime: '1606468572000',
        lotSz: '0.00000001',
        maxLmtSz: '9999999999',
        maxMktSz: '1000000',
        minSz: '0.00001',
        optType: '',
        quoteCcy: 'USDT',
        settleCcy: '',
        state: 'live',
        stk: '',
        tickSz: '0.1',
        uly: '',
      },
    ]),
  '/api/v5/market/books': (_query, now) =>
    okx([
      {
        asks: [
          ['41006.8', '0.60038921', '0', '1'],
          ['41007.2', '1.2', '0', '3'],
        ],
        bids: [['41006.3', '0.30178218', '0', '2']],
        ts: String(now),
      },
    ]),
  '/api/v5/market/trades': (_query, now) =>
    okx([
      { instId: 'BTC-USDT', side: 'sell', sz: '0.00001', px: '41006.3', tradeId: '242720720', ts: String(now - 500) },
    ]),
  '/api/v5/market/candles': okxCandles,
  '/api/v5/market/history-candles': okxCandles,
};

export async function startFakeVenue(answers: Answers): Promise<FakeVenue> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake');
    asked.push(pathname);
    const answer = answers[pathname];
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer?.(searchParams, Date.now()) ?? { error: ['EGeneral:Unknown method'] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked, close: () => server.close() };
}
