import { beforeAll, describe, expect, it } from 'vitest';
import { makerJson, makersVerdict, sparkline } from '../../client/views/makers-view.ts';
import { paperExchangeSchema } from '../../contracts/config/paper-exchange.ts';
import { decimal } from '../../domain/money/money.ts';
import { quoteModels } from '../../domain/quoting/models.ts';
import type { MakerResult } from '../../trading/quote/simulate.ts';
import { simulateMakers } from '../../trading/quote/simulate-makers.ts';

const TEN_MINUTES = 600;

async function makers(changes: { fee?: string; edge?: string; seed?: number } = {}): Promise<MakerResult[]> {
  const { fee = '0', edge = '0', seed = 7 } = changes;
  const exchange = paperExchangeSchema.parse({ makerFeeRate: fee, market: { kind: 'synthetic', seed } });
  const terms = {
    fair: 'microprice' as const,
    budget: decimal(2_000),
    aversion: decimal('0.1'),
    horizonSeconds: 60,
    edge: decimal(edge),
  };
  const made: MakerResult[] = [];
  for await (const result of simulateMakers(exchange, 'BTC/USDT', quoteModels, terms, TEN_MINUTES)) made.push(result);
  return made;
}

describe('makers in a market of one seed', () => {
  let free: MakerResult[];
  let paying: MakerResult[];
  beforeAll(async () => {
    free = await makers();
    paying = await makers({ fee: '0.001' });
  });

  it('are told apart by their model alone, the same each time', async () => {
    expect(free.map(({ model }) => model)).toEqual(quoteModels);
    expect((await makers()).map(makerJson)).toEqual(free.map(makerJson));
    expect((await makers({ seed: 8 })).map(makerJson)).not.toEqual(free.map(makerJson));
  });

  it.each(quoteModels.map((model, at) => ({ model, at })))(
    '$model: the parts add up to what the account is worth',
    ({ at }) => {
      for (const made of [free[at], paying[at]]) {
        const { spread, adverseSelection, inventory, fees } = made?.parts ?? {};
        const total = spread
          ?.plus(adverseSelection ?? 0)
          .plus(inventory ?? 0)
          .plus(fees ?? 0);
        expect(
          total
            ?.minus(made?.profit ?? 0)
            .abs()
            .toNumber(),
        ).toBeLessThan(1e-12);
        expect(made?.fills).toBeGreaterThan(20);
      }
    },
  );

  it('never hold more than an order over what they may', () => {
    for (const { inventory } of [...free, ...paying]) expect(inventory.most).toBeLessThanOrEqual(11);
  });

  it('hold less by their skew than the one that has none', () => {
    const [symmetric, ...skewed] = free.map(({ inventory }) => inventory.deviation);
    for (const deviation of skewed) expect(deviation).toBeLessThan(symmetric ?? 0);
  });

  it('lose at the fee of the account, and the first line says so', () => {
    expect(makersVerdict(paying, decimal('0.001'), 'USDT')).toMatch(
      /^At the maker fee of 0\.1 % each of them LOSES money, the best of them: \S+ -\d/,
    );
    for (const { parts, turnover } of paying) {
      expect(parts.fees.div(turnover).toNumber()).toBeCloseTo(-0.001, 4);
    }
  });

  it('say that nothing was earned where fees keep each quote away', async () => {
    const away = await makers({ fee: '0.01', edge: '0.01' });
    expect(away.map(({ fills, profit }) => [fills, profit.toFixed()])).toEqual(quoteModels.map(() => [0, '0']));
    expect(makersVerdict(away, decimal('0.01'), 'USDT')).toContain('nobody traded with a quote of ours');
  });
});

describe('what cannot be simulated', () => {
  const terms = {
    fair: 'mid' as const,
    budget: decimal(2_000),
    aversion: decimal(1),
    horizonSeconds: 60,
    edge: decimal(0),
  };
  const first = (market: unknown, symbol: string) =>
    simulateMakers(paperExchangeSchema.parse({ market }), symbol, ['glft'], terms, 60).next();

  it('is named with what can be', async () => {
    await expect(first({ kind: 'synthetic' }, 'DOGE/USDT')).rejects.toThrow(
      'no DOGE/USDT, only BTC/USDT, ETH/USDT, SOL/USDT',
    );
    await expect(first({ kind: 'mirror', venue: 'binance', symbols: ['BTC/USDT'] }, 'BTC/USDT')).rejects.toThrow(
      'set paperExchange.market.kind to synthetic',
    );
  });
});

it('draws a curve from its lowest to its highest value', () => {
  const curve = [0, 1, 3, 7].map((value) => decimal(value));
  expect([sparkline(curve, 4), sparkline(curve, 2), sparkline([], 9), sparkline([decimal(5)], 9)]).toEqual([
    '▁▂▄█',
    '▁█',
    '',
    '▁',
  ]);
});
