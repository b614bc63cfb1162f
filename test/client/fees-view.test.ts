import { expect, it } from 'vitest';
import { unknownFees, unknownFeesLine } from '../../client/views/fees-view.ts';

it('says of which symbols the exchange has not told what the account pays, and nothing where it has', () => {
  const unknown = (...known: string[]) =>
    unknownFees(
      ['BTC/USDT', 'ETH/USDT', 'SOL/USDT'],
      known.map((symbol) => ({ symbol })),
    );
  expect(unknownFeesLine(unknown('ETH/USDT', 'LTC/USDT'))).toEqual([
    "what the account pays in fees on BTC/USDT, SOL/USDT is not known yet: the exchange's standard rate counts",
  ]);
  expect(unknownFeesLine(unknown('SOL/USDT', 'BTC/USDT', 'ETH/USDT'))).toEqual([]);
});
