import { decimal } from '../../../domain/money/money.ts';
import { until } from '../../paper-exchange/harness.ts';
import type { GameDayStack } from '../stack.ts';
import { type Fault, LASTS_MS } from './fault.ts';

/** What its faults keep from being done, whichever they are. */
const undone =
  /^Trading(CircuitBreakerOpen|MarketDataStale|OrderUnresolved|BooksDiffer|HighErrorRate|ReconciliationStale|CyclesStalled)$/;

/** Faults of the paper exchange, which ends them itself. */
function exchange(name: string, tells: RegExp, ...faults: Record<string, unknown>[]): Fault {
  return {
    name: `the exchange ${name}`,
    kind: `the exchange ${name}`,
    tells,
    pages: undone,
    async inject(stack) {
      let endsAt = 0;
      for (const fault of faults) {
        const forMs = typeof fault['forMs'] === 'number' ? fault['forMs'] : LASTS_MS;
        await stack.admin('POST', '/faults', { ...fault, forMs });
        endsAt = Math.max(endsAt, Date.now() + forMs);
      }
      return endsAt;
    },
  };
}

const order = { method: 'POST', path: '/api/v3/order' } as const;
const lookUp = { method: 'GET', path: '/api/v3/order' } as const;
const away =
  /^exchange$|^breaker\/exchange|^cycle\/main$|^market\/|^TradingCircuitBreakerOpen$|^TradingExchangeErrors$/;
const unresolved = /^orders\/main$|^cycle\/main$|^TradingOrderUnresolved$|^breaker\/exchange/;

const CLOSED_MS = 35_000;
const untraded = /^exchange\/listings$/;
const lost = /^orders\/main$|^cycle\/main$|^TradingOrderUnresolved$/;
const lose = { kind: 'lose-order', account: 'main', count: 1, forMs: 45_000 };

/** The models change their mind each 45 seconds. */
const HELD_WITHIN_MS = 180_000;

/** A configured symbol of which something is held, or nothing. */
async function symbolThat({ journal, configuration }: GameDayStack, isHeld: boolean): Promise<string | undefined> {
  const positions = await journal.ledger.positions('main');
  const held = positions.filter(({ quantity }) => !decimal(quantity).isZero()).map(({ symbol }) => symbol);
  return configuration.symbols.find((symbol) => held.includes(symbol) === isHeld);
}

function delists(isHeld: boolean): Fault {
  const name = `the exchange delists a symbol ${isHeld ? 'that is held' : 'of which nothing is held'}`;
  return {
    name,
    kind: name,
    tells: untraded,
    async prepare(stack) {
      await until(() => symbolThat(stack, isHeld), HELD_WITHIN_MS);
    },
    async inject(stack) {
      const symbol = (await symbolThat(stack, isHeld))?.replace('/', '');
      await stack.admin('POST', '/faults', { kind: 'delist-symbol', symbol, forMs: CLOSED_MS });
      return Date.now() + CLOSED_MS;
    },
  };
}

export const exchangeFaults: readonly Fault[] = [
  exchange('is away (503)', away, { kind: 'server-error', status: 503 }),
  exchange('is slow (6 s an answer)', away, { kind: 'delay', delayMs: 6_000 }),
  exchange('limits the rate (429)', away, { kind: 'rate-limit' }),
  exchange('bans the address (418)', away, { kind: 'ban' }),
  exchange('takes our keys no more (401)', away, { kind: 'refuse-key', account: 'main' }),
  exchange(
    'loses the answers to orders, and to look-ups of them and of trades',
    unresolved,
    { kind: 'drop-answer', ...order, forMs: 45_000 },
    { kind: 'drop-answer', ...lookUp, forMs: 45_000 },
    // By its trades a filled order is known soon enough for nobody to miss its answer.
    { kind: 'drop-answer', method: 'GET', path: '/api/v3/myTrades', forMs: 45_000 },
  ),
  exchange(
    'executes orders and says 504',
    unresolved,
    { kind: 'server-error', status: 504, executed: true, ...order, forMs: 45_000 },
    { kind: 'server-error', status: 504, ...lookUp, forMs: 45_000 },
  ),
  exchange('halts a symbol', untraded, {
    kind: 'halt-symbol',
    symbol: 'BTCUSDT',
    as: 'BREAK',
    forMs: CLOSED_MS,
  }),
  delists(true),
  delists(false),
  exchange('forgets orders that it took', lost, { ...lose, fate: 'FORGOTTEN' }),
  exchange('calls orders rejected that it took', lost, { ...lose, fate: 'REJECTED' }),

  exchange('has a clock that is 5 s ahead', /^exchange\/clock$|^exchange$|^TradingExchangeClockSkew$/, {
    kind: 'skew-clock',
    skewMs: 5_000,
  }),
  exchange('gives the candles of ten minutes ago', /^market\/|^cycle\/main$|^TradingMarketDataStale$/, {
    kind: 'stale-answer',
    path: '/api/v3/klines',
    forMs: 20_000,
  }),
  exchange('says that we own more than we do', /^books\/main$|^trading\/main$|^TradingBooksDiffer$/, {
    kind: 'false-balance',
    path: '/api/v3/account',
    asset: 'BTC',
    amount: '0.5',
    forMs: 40_000,
  }),
];
