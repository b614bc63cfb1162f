/** A synthetic market with so many instruments, as the sections of a configuration: `C01/USDT` and so on, at prices between 10 and 1,000. */
export function manySymbols(count: number) {
  const symbols = Array.from({ length: count }, (_, index) => `C${String(index + 1).padStart(2, '0')}/USDT`);
  const instruments = symbols.map((symbol, index) => ({
    symbol,
    tickSize: '0.01',
    stepSize: '0.001',
    minNotional: '5',
    startPrice: String(10 + 20 * index),
  }));
  return { symbols, paperExchange: { market: { kind: 'synthetic' as const, instruments } } };
}
