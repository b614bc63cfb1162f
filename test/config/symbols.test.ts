import { describe, expect, it } from 'vitest';
import { assetText, dashedSymbolText, symbolText } from '../../contracts/decimal-text.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';

describe("an asset's name", () => {
  it.each(['W', 'S', 'USDT', '1INCH', '1000SATS', '1MBABYDOGE', '币安人生', 'Ω', '1', 'X'.repeat(20)])(
    '%s is one, in symbols too',
    (asset) => {
      expect(assetText.safeParse(asset).success).toBe(true);
      expect(symbolText.safeParse(`${asset}/USDT`).success).toBe(true);
      expect(dashedSymbolText.safeParse(`${asset}-USDT`).success).toBe(true);
      expect(parseConfiguration({ symbols: [`${asset}/USDT`] }, 'trading.yml').symbols).toEqual([`${asset}/USDT`]);
      expect(parseConfiguration({ currency: asset, symbols: [`BTC/${asset}`] }, 'trading.yml').currency).toBe(asset);
    },
  );

  it.each([
    ['', 'nothing'],
    ['w', 'small letters'],
    ['BTC ', 'a blank'],
    ['BTC/USDT', 'a symbol'],
    ['../W', 'a path'],
    ['A.B', 'what a regular expression takes for more'],
    ['A\u3164B', 'a letter that nobody sees'],
    ['A\u200bB', 'a blank that nobody sees'],
    ['A\u0301', 'a mark over a letter'],
    ['X'.repeat(21), 'more than 20 characters'],
  ])('"%s" is none: %s', (asset) => {
    expect(assetText.safeParse(asset).success).toBe(false);
    expect(symbolText.safeParse(`${asset}/USDT`).success).toBe(false);
    expect(symbolText.safeParse(`BTC/${asset}`).success).toBe(false);
    expect(dashedSymbolText.safeParse(`${asset}-USDT`).success).toBe(false);
  });
});
