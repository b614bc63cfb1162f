import { DatabaseSync } from 'node:sqlite';
import { type Exact, exact, times } from './exact.ts';

/** One of the account's fills as the exchange itself has kept it. */
export interface ExchangeFill {
  symbol: string;
  side: 'buy' | 'sell';
  price: Exact;
  quantity: Exact;
  fee: Exact;
  feeAsset: string;
  liquidity: 'maker' | 'taker';
  at: number;
  /** The client's id of it. */
  order: string;
}

/** What the paper exchange's own database has of one account. */
export interface ExchangeRecords {
  /** By symbol, trade and the client's id of the order. */
  fills: Map<string, ExchangeFill>;
  /** What came in, and below zero what left, in its order; undefined where the exchange keeps its first commands no more. */
  moved: { asset: string; amount: Exact }[] | undefined;
  symbols: string[];
}

interface Market {
  instruments?: { symbol: string; tickSize: string; stepSize: string }[];
}

/** The exchange counts money in hundred-millionths. */
const ofUnits = (units: string): Exact => BigInt(units) * 10n ** 52n;

export function fillKey(symbol: string, tradeId: string, clientId: string): string {
  return `${symbol}/${tradeId}/${clientId}`;
}

/** @throws where a fill is not worth its price times its quantity, or the market's symbols are not told */
export function readExchange(file: string, account: string): ExchangeRecords {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
  try {
    database.exec('BEGIN');
    const all = (sql: string, ...values: (string | number)[]) => database.prepare(sql).all(...values);
    const market = JSON.parse(String(all("SELECT value FROM meta WHERE key = 'market'")[0]?.['value'])) as Market;
    const instruments = market.instruments ?? [];
    const id = Number(all('SELECT id FROM accounts WHERE name = ?', account)[0]?.['id']);
    const fills = new Map<string, ExchangeFill>();
    const rows = all(
      `SELECT fills.*, orders.client_id FROM fills JOIN orders ON orders.id = fills.order_id AND orders.instrument = fills.instrument
       WHERE fills.account = ?`,
      id,
    );
    for (const row of rows) {
      const instrument = instruments[Number(row['instrument'])];
      if (!instrument)
        throw new Error(`the exchange's database does not tell the symbol of instrument ${Number(row['instrument'])}`);
      const price = BigInt(Number(row['price'])) * exact(instrument.tickSize);
      const quantity = BigInt(Number(row['quantity'])) * exact(instrument.stepSize);
      const key = fillKey(instrument.symbol, String(row['trade_id']), String(row['client_id']));
      if (times(price, quantity) !== ofUnits(String(row['quote'])))
        throw new Error(`fill ${key} of the exchange is not worth its price times its quantity`);
      fills.set(key, {
        symbol: instrument.symbol,
        side: row['buyer'] === 1 ? 'buy' : 'sell',
        price,
        quantity,
        fee: ofUnits(String(row['fee'])),
        feeAsset: String(row['fee_asset']),
        liquidity: row['maker'] === 1 ? 'maker' : 'taker',
        at: Number(row['at']),
        order: String(row['client_id']),
      });
    }
    const commands = all('SELECT seq, body FROM commands ORDER BY seq');
    const deposits = commands
      .map(
        ({ body }) =>
          JSON.parse(String(body)) as { kind: string; account: number; asset: string; units: { units: string } },
      )
      .filter((command) => command.kind === 'deposit' && command.account === id);
    const isWhole = Number(commands[0]?.['seq']) === 1;
    return {
      fills,
      moved: isWhole ? deposits.map(({ asset, units }) => ({ asset, amount: ofUnits(units.units) })) : undefined,
      symbols: instruments.map(({ symbol }) => symbol),
    };
  } finally {
    database.close();
  }
}
