import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { figuresOf, type Look } from './month/figures.ts';
import { candleLines } from './month/regimes.ts';

const run = promisify(execFile);
const DAY_MS = 86_400_000;

describe('the month in one process', () => {
  it('trades hours of the baseline at its word, and holds cash where nothing is known of it', async () => {
    const script = fileURLToPath(new URL('month.ts', import.meta.url));
    const { stdout } = await run(process.execPath, [script, '--regime', 'volatile', '--days', '0.25']);
    const cellsOf = (name: string): string[] =>
      (stdout.split('\n').find((line) => line.includes(name)) ?? '').split('|').map((cell) => cell.trim());
    const [traded, held] = [cellsOf('taken at their word'), cellsOf('believed as their record goes')];
    expect(Number(traded[9]?.split(',')[0])).toBeGreaterThan(0);
    expect(held.slice(3, 10)).toEqual(['0.0 %', traded[4], '0.0 %', '0.00', '0.0 %', '0.0 %', '0, 0']);
  });

  it('makes the same candles of the same seed, each within its high and low', () => {
    const lines = candleLines('range', 1, 7).split('\n');
    expect(lines).toEqual(candleLines('range', 1, 7).split('\n'));
    expect(lines).not.toEqual(candleLines('range', 1, 8).split('\n'));
    expect(lines).toHaveLength(1_441);
    for (const line of lines.slice(1)) {
      const [, open = 0, high = 0, low = 0, close = 0] = line.split(',').map(Number);
      expect(high).toBeGreaterThanOrEqual(Math.max(open, close));
      expect(low).toBeLessThanOrEqual(Math.min(open, close));
    }
  });
});

describe('its figures', () => {
  const trade = (side: 'buy' | 'sell', price: string, quantity: string, fee: string) =>
    ({ side, price, quantity, fee }) as Parameters<typeof figuresOf>[1][number];
  const look = (day: number, equity: number, held: number): Look => ({
    at: day * DAY_MS,
    equity,
    held,
    plan: undefined,
  });

  it('count fees in one currency, falls from the peak, and a sale as won only after its fees', () => {
    const trades = [
      // 10 paid at 100 with 0.01 of the asset as fee: 9.99 are held at a cost of 1,000.
      trade('buy', '100', '10', '0.01'),
      trade('sell', '100.5', '4.995', '0.5'),
      trade('sell', '100.1', '4.995', '0.5'),
    ];
    const looks = [look(0, 10_000, 0), look(1, 10_100, 1_000), look(2, 9_595, 5), look(4, 9_900, 0)];
    const figures = figuresOf(looks, trades, { first: 100, last: 90 });
    expect(figures).toMatchObject({ days: 4, sales: 2, won: 1, invested: 0.25, capped: 0 });
    expect(figures.result).toBeCloseTo(-0.01);
    expect(figures.market).toBeCloseTo(-0.1);
    expect(figures.fees).toBeCloseTo((1 + 0.5 + 0.5) / 10_000);
    expect(figures.turnover).toBeCloseTo((1_000 + 100.5 * 4.995 + 100.1 * 4.995) / 10_000 / 4);
    expect(figures.drawdown).toBeCloseTo(0.05);
  });
});
