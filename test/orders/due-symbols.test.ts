import { describe, expect, it } from 'vitest';
import { createDueSymbols, type DueSymbols } from '../../trading/reconcile/due-symbols.ts';

const symbols = Array.from({ length: 50 }, (_, index) => `C${index}/USDT`);

/** Reads what is due, as a round does that comes to its end. */
async function round(due: DueSymbols, all = symbols): Promise<readonly string[]> {
  const found = await due.of(all);
  due.read();
  return found;
}

describe('the symbols whose trades a round asks for', () => {
  it('are all of a few, and nobody asks for balances', async () => {
    const due = createDueSymbols(async () => Promise.reject(new Error('asked')));
    for (const _ of [1, 2]) expect(await round(due, symbols.slice(0, 8))).toEqual(symbols.slice(0, 8));
  });

  it('are all at first, and then each within a minute of rounds', async () => {
    const due = createDueSymbols(async () => ({ USDT: '1' }));
    expect(await round(due)).toEqual(symbols);
    const seen = new Set<string>();
    for (let n = 0; n < 13; n += 1) {
      const found = await round(due);
      expect(found).toHaveLength(4);
      for (const symbol of found) seen.add(symbol);
    }
    expect(seen.size).toBe(50);
  });

  it('are those whose balance came, changed or went', async () => {
    let balances: Record<string, string> = { USDT: '1', C10: '5', C20: '5' };
    const due = createDueSymbols(async () => balances);
    await round(due);
    balances = { USDT: '2', C10: '6', C30: '1' };
    expect((await round(due)).filter((symbol) => symbols.indexOf(symbol) >= 4)).toEqual([
      'C10/USDT',
      'C20/USDT',
      'C30/USDT',
    ]);
    expect(await round(due)).toHaveLength(4);
  });

  it('are due again where a round did not come to its end', async () => {
    let balances: Record<string, string> = { USDT: '1' };
    const due = createDueSymbols(async () => balances);
    await round(due);
    balances = { USDT: '0.5', C40: '1' };
    expect(await due.of(symbols)).toContain('C40/USDT');
    expect(await due.of(symbols)).toContain('C40/USDT');
  });

  it('are all where only the money has changed: something was bought and sold again', async () => {
    let balances: Record<string, string> = { USDT: '100' };
    const due = createDueSymbols(async () => balances);
    await round(due);
    balances = { USDT: '99.8' };
    expect(await round(due)).toEqual(symbols);
  });
});
