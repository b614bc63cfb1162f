import { describe, expect, it } from 'vitest';
import {
  equityLine,
  exitsLine,
  moneyText,
  pricesLine,
  priceText,
  profitOfDay,
  scheduleLine,
} from '../../client/views/account-view.ts';
import { paperExchangeSchema } from '../../contracts/config/paper-exchange.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { ProtectionState } from '../../contracts/protection.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { EquityMarks } from '../../stores/journal/books/ledger.ts';

const at = Date.UTC(2026, 0, 5, 10, 0, 0);
const schedule = { id: 'cycle/main', intervalSeconds: 60, paused: false, note: '', nextAt: [at] };

describe('the schedule', () => {
  it.each([
    [schedule, 'a cycle every 60 s, the next at 2026-01-05 10:00:00Z'],
    [{ ...schedule, nextAt: [] }, 'a cycle every 60 s'],
    [
      { ...schedule, paused: true, note: 'the exchange is being mended' },
      'PAUSED (the exchange is being mended): a cycle every 60 s again after ./sapphire schedule resume',
    ],
    ['none' as const, 'schedule: none yet; npm start makes it'],
    [undefined, 'schedule: not known while Temporal does not answer'],
  ])('%j is told', (view, line) => {
    expect(scheduleLine(view)).toBe(line);
  });
});

describe('equity', () => {
  const marks: EquityMarks = {
    equity: tagged('9991.79210792'),
    dayOpen: tagged('9994.65972657'),
    highWater: tagged('10000'),
    at,
  };

  it('comes with the profit of the day, in two decimals', () => {
    expect(equityLine(marks, 'USDT')).toBe('equity 9991.79 USDT, today -2.87 (-0.03 %), marked 2026-01-05 10:00:00Z');
    expect(profitOfDay(marks)).toEqual({ amount: '-2.86761865', fraction: expect.closeTo(-0.000287, 6) });
  });

  it('has none before the first mark, and no share of an account that was empty', () => {
    expect(equityLine(undefined, 'USDT')).toBe('equity: not marked yet');
    expect(profitOfDay({ ...marks, dayOpen: tagged('0') })?.fraction).toBeUndefined();
  });
});

describe('the exits of a holding', () => {
  const holding: ProtectionState['holding'] = {
    quantity: tagged('0.04877118'),
    averageCost: tagged('61507.61206718234567'),
    openedAt: at,
  };
  const state: ProtectionState = { account: 'main', symbol: 'BTC/USDT', holding, barriers: {} };

  it('are each told, with the prices as they are read', () => {
    const barriers: ProtectionState['barriers'] = {
      stopLoss: tagged('60277.459825838698765'),
      trailingStop: tagged('60892.1'),
      takeProfit: tagged('63352.84042919781'),
      closesAt: at + 3_600_000,
    };
    expect(exitsLine({ ...state, barriers })).toBe(
      'BTC/USDT: 0.04877118 at 61507.612 since 2026-01-05 10:00:00Z, stop 60277.46, trailing stop 60892.1, target 63352.84, time limit 2026-01-05 11:00:00Z',
    );
  });

  it('say that there are none, and which one sells it now', () => {
    expect(exitsLine(state)).toMatch(/, NO EXIT is configured$/);
    expect(exitsLine({ ...state, closing: 'stop_loss' })).toMatch(/, being sold by its stop$/);
    expect(exitsLine({ account: 'main', symbol: 'BTC/USDT', barriers: {} })).toBe(
      'BTC/USDT: its exits wait for a holding',
    );
  });
});

describe('numbers for a person', () => {
  it.each([
    ['9991.79210792', '9991.79'],
    ['-8.20789208', '-8.21'],
    ['0.000048823456', '0.00004882'],
    ['0', '0'],
  ])('%s is %s', (amount, shown) => {
    expect(moneyText(amount)).toBe(shown);
  });

  it('keep the digits that a cheap coin’s price has', () => {
    expect(priceText('0.0000123456789012')).toBe('0.000012345679');
  });
});

it.each([
  [{}, /^prices are made up, of seed 7: no market of this world has them$/],
  [{ kind: 'mirror', venue: 'kraken' }, /^prices are those of kraken, mirrored: only the money is made up$/],
  [
    { kind: 'mirror', restUrl: 'http://127.0.0.1:8092/api/v3' },
    /^prices are those of http:\/\/127\.0\.0\.1:8092\/api\/v3/,
  ],
  [
    {
      kind: 'replay',
      speed: 60,
      instruments: [{ symbol: 'BTC/USDT', tickSize: '0.01', stepSize: '0.00001', minNotional: '5', file: 'a.csv' }],
    },
    /^prices are recorded ones, 60 times as fast as they were$/,
  ],
])('of %j says whose prices they are', (market, words) => {
  const { market: configured } = paperExchangeSchema.parse({ market: { kind: 'synthetic', ...market } as object });
  expect(pricesLine({ market: configured } as Configuration['paperExchange'])).toMatch(words);
});
