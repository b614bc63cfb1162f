import { describe, expect, it } from 'vitest';
import { describeTrades } from '../../client/cli/commands/trades.ts';
import { textOf } from '../../client/cli/output.ts';
import { widthOf } from '../../client/cli/table.ts';
import { viewTrades } from '../../client/views/trades-view.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { LegId } from '../../domain/orders/ids.ts';
import type { TradeFill } from '../../domain/portfolio/round-trips.ts';
import { fill } from '../support/books.ts';

const at = Date.UTC(2026, 0, 5, 10, 0, 0);
const MINUTE_MS = 60_000;

const traded = (minute: number, legId: string, change: Parameters<typeof fill>[0], purpose: TradeFill['purpose']) => ({
  ...fill({ tradeId: legId, filledAt: at + minute * MINUTE_MS, ...change }),
  legId: tagged<LegId>(legId),
  purpose,
  minNotional: tagged<TradeFill['minNotional']>('5'),
});

const trades = viewTrades(
  {
    fills: [
      traded(0, 'b1', { price: '61507.61206718', quantity: '0.04', fee: '0.00004' }, 'open'),
      traded(
        42,
        's1',
        { side: 'sell', price: '60277.4', quantity: '0.03996', fee: '2.4', feeAsset: 'USDT' },
        'protect',
      ),
      traded(50, 'b2', { price: '60100', quantity: '0.05', fee: '0.00005' }, 'open'),
      traded(5, 'e1', { symbol: 'ETH/USDT', price: '3264', quantity: '1', fee: '0', feeAsset: 'ETH' }, 'open'),
      traded(
        200,
        'e2',
        { symbol: 'ETH/USDT', side: 'sell', price: '3300', quantity: '1', fee: '3', feeAsset: 'USDT' },
        'flatten',
      ),
    ].toSorted((one, other) => one.filledAt - other.filledAt),
    realized: new Map([
      [tagged<LegId>('s1'), tagged('-54.0123456789')],
      [tagged<LegId>('e2'), tagged('33')],
    ]),
  },
  new Map([['BTC/USDT', tagged('0.04995')]]),
  new Map([
    ['BTC/USDT', { stopLoss: tagged('58898.0000001'), takeProfit: tagged('61903'), closesAt: at + 290 * MINUTE_MS }],
  ]),
  at + 250 * MINUTE_MS,
);

describe('trades', () => {
  it.each([80, 120, undefined])('on a terminal of %s columns', async (width) => {
    const text = textOf(describeTrades(trades), { colour: false, ...(width === undefined ? {} : { width }) });
    for (const line of text.split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(width ?? 1_000);
    await expect(text).toMatchFileSnapshot(`approved/trades-${width ?? 'wide'}.txt`);
  });

  it('have a profit where something was sold, and what ends them where they are open', () => {
    expect(
      trades.map(({ symbol, profit, reason, durationMs, exits }) => [
        symbol,
        profit,
        reason,
        durationMs,
        exits !== undefined,
      ]),
    ).toEqual([
      ['BTC/USDT', undefined, undefined, 200 * MINUTE_MS, true],
      ['ETH/USDT', '33', 'signal or stop', 195 * MINUTE_MS, false],
      ['BTC/USDT', '-54.0123456789', 'protective exit', 42 * MINUTE_MS, false],
    ]);
  });

  it('are none before the first', () => {
    expect(textOf(describeTrades([]))).toBe('none\n');
  });

  it('say of a holding that a person had sold that it was by hand, and of no other of the symbol', () => {
    const fills = [
      traded(0, 'b1', { price: '100', quantity: '1', fee: '0' }, 'open'),
      traded(1, 's1', { side: 'sell', price: '101', quantity: '1', fee: '0' }, 'protect'),
      traded(2, 'b2', { price: '100', quantity: '1', fee: '0' }, 'open'),
      traded(3, 's2', { side: 'sell', price: '101', quantity: '1', fee: '0' }, 'protect'),
    ];
    const closing = { reason: 'news', by: 'ann', at: at + 3 * MINUTE_MS };
    const asked = [{ symbol: 'BTC/USDT', openedAt: at + 2 * MINUTE_MS, own: {}, closing }];
    const [last, first] = viewTrades({ fills, realized: new Map() }, new Map(), new Map(), at, asked);
    expect([last?.reason, first?.reason]).toEqual(['by hand', 'protective exit']);
  });
});
