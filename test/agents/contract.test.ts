import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentAnswerSchema } from '../../contracts/signals.ts';
import { agentIds } from '../../domain/signals/agents.ts';
import type { Agent } from '../../trading/agents/port.ts';
import { agentFrom, ask, DEEPSEEK_KEY, QWEN_KEY, reasonsOf } from './agents.ts';
import { type FakeFreqtrade, PASSWORD, startFakeFreqtrade } from './fake-freqtrade.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider.ts';
import { healthyRequest, hostileSnapshots, requestFor } from './market.ts';
import { goodReply } from './replies.ts';

let provider: FakeProvider;
let freqtrade: FakeFreqtrade;
beforeAll(async () => {
  provider = await startFakeProvider((request) => ({ content: goodReply(request) }), {
    '/v1/models': { data: [{ id: 'fingpt-mt-llama3-8b' }] },
  });
  const whitelist = ['BTC/USDT', 'ETH/USDT', 'XRP/USDT', 'SOL/USDT'];
  freqtrade = await startFakeFreqtrade({ '/whitelist': { json: { whitelist } } });
});
afterAll(() => Promise.all([provider.close(), freqtrade.close()]));

/** What every agent keeps, whatever the market and however it is configured. */
describe.each(
  agentIds.flatMap((id) => [
    { id, configured: false },
    { id, configured: true },
  ]),
)('$id, configured: $configured', ({ id, configured }) => {
  function build(): Agent {
    if (!configured) return agentFrom(id);
    const { baseUrl, origin } = provider;
    return agentFrom(
      id,
      {
        deepseek: { baseUrl },
        qwen: { baseUrl },
        fingpt: { baseUrl: origin },
        freqtrade: { baseUrl: freqtrade.origin },
      },
      { deepseekApiKey: DEEPSEEK_KEY, qwenApiKey: QWEN_KEY, freqtradePassword: PASSWORD },
    );
  }

  it('gives one opinion on each symbol of a healthy market', async () => {
    const { answer } = await ask(build(), healthyRequest());
    expect(agentAnswerSchema.parse(answer)).toEqual(answer);
    expect(answer.opinions.map(({ symbol }) => symbol)).toEqual(['BTC/USDT', 'ETH/USDT']);
    expect(reasonsOf(answer)).not.toContain('invalid_answer');
  });

  it.each(Object.entries(hostileSnapshots()))('answers validly to %s', async (_, snapshot) => {
    const { answer } = await ask(build(), requestFor([snapshot]));
    expect(agentAnswerSchema.parse(answer)).toEqual(answer);
    expect(answer.opinions).toHaveLength(1);
    expect(reasonsOf(answer)).not.toContain('invalid_answer');
    // That would be a defect: everything that is asked answers here.
    expect(reasonsOf(answer)).not.toContain('unavailable');
  });

  it('keeps the opinion on a healthy symbol beside a hostile one', async () => {
    const [healthy] = healthyRequest().snapshot.symbols;
    const hostile = hostileSnapshots()['an empty book'];
    if (!healthy || !hostile) throw new Error('the snapshots are missing');
    const xrp = { ...hostile, instrument: { ...hostile.instrument, symbol: 'XRP/USDT' } };
    const mixed = requestFor([healthy, xrp, { ...healthy, instrument: { ...healthy.instrument, symbol: 'SOL/USDT' } }]);
    const alone = await ask(build(), requestFor([healthy]));
    const together = await ask(build(), mixed);
    expect(together.answer.opinions.map(({ symbol }) => symbol)).toEqual(['BTC/USDT', 'XRP/USDT', 'SOL/USDT']);
    expect(reasonsOf(together.answer)[together.answer.opinions.findIndex(({ symbol }) => symbol === 'BTC/USDT')]).toBe(
      reasonsOf(alone.answer)[0],
    );
  });
});
