import { describe, expect, it } from 'vitest';
import { configurationSchema } from '../../contracts/config/schema.ts';
import { shownBeside } from '../../trading/decide/frames.ts';

const configured = (cycle: object = {}, worker = 'none') =>
  configurationSchema.parse({
    mode: 'live',
    cycle: { horizonMinutes: 10_080, ...cycle },
    agents: { 'lag-llama': { worker } },
  });
const lagLlama = { agents: ['lag-llama' as const] };
const version = {
  agents: [],
  models: [{ agentId: 'lag-llama-12345678', seat: 'lag-llama' as const, weights: { file: 'a', sha256: 'a' } }],
};

describe('what a snapshot shows beside the candles of the decision', () => {
  it('are the other lengths, each once', () => {
    const lengths = (timeframe: string) => shownBeside(configured({ timeframe }), lagLlama, []).frames;
    expect(lengths('1m')).toEqual([
      { timeframe: '15m', candles: 96 },
      { timeframe: '1h', candles: 48 },
      { timeframe: '4h', candles: 43 },
      { timeframe: '1d', candles: 31 },
    ]);
    expect(lengths('1d')?.map(({ timeframe }) => timeframe)).toEqual(['1m', '15m', '1h', '4h']);
    expect(lengths('3m')?.map(({ timeframe }) => timeframe)).toEqual(['1m', '15m', '1h', '4h', '1d']);
  });

  it('is the long past of Lag-Llama where it is asked, or a version of it is, and a worker serves it', () => {
    const past = (...of: Parameters<typeof shownBeside>) => shownBeside(...of).past?.candles;
    expect(past(configured(), lagLlama, [])).toBeUndefined();
    expect(past(configured(), { agents: ['baseline', 'fracast'] }, ['lag-llama', 'fracast'])).toBeUndefined();
    expect(past(configured(), lagLlama, ['lag-llama'])).toBe(1_124);
    expect(past(configured({}, 'external'), lagLlama, [])).toBe(1_124);
    expect(past(configured(), version, ['lag-llama'])).toBe(1_124);
  });

  it.each([
    [20, '1m'],
    [30, '3m'],
    [60, '3m'],
    [61, undefined],
    [90, '5m'],
    [100, '5m'],
    [240, '15m'],
    [720, '1h'],
    [1_440, '1h'],
    [2_880, '4h'],
    [10_080, '1d'],
  ])('is in the finest length that divides a horizon of %i minutes into its steps: %s', (horizonMinutes, timeframe) => {
    expect(shownBeside(configured({ horizonMinutes }), lagLlama, ['lag-llama']).past?.timeframe).toBe(timeframe);
  });
});
