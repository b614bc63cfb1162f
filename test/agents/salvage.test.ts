import { describe, expect, it } from 'vitest';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { featuresOf, type SymbolFeatures } from '../../trading/agents/language-models/features.ts';
import { readReply } from '../../trading/agents/language-models/reply.ts';
import type { SymbolReply } from '../../trading/agents/language-models/salvage.ts';
import { ask, detailOf, reasonsOf } from './agents.ts';
import { healthyRequest } from './market.ts';
import { deepseekAt, provide } from './providers.ts';
import { entryFor, goodReply } from './replies.ts';

const features = healthyRequest().snapshot.symbols.map((symbol): SymbolFeatures => {
  const measured = featuresOf(symbol);
  if (typeof measured === 'string') throw new Error(measured);
  return measured;
});

const both = (changes: Record<string, unknown> = {}, wrap = (text: string): string => text): string =>
  wrap(JSON.stringify({ signals: ['BTC/USDT', 'ETH/USDT'].map((symbol) => entryFor(symbol, changes)) }));

function read(content: string, finishReason = 'stop'): Partial<Record<string, SymbolReply>> {
  const reply = readReply({ content, finishReason }, features);
  return 'replies' in reply ? Object.fromEntries(reply.replies) : {};
}

const draft = both({ probabilities: { up: 0.05, flat: 0.05, down: 0.9 }, conviction: 1 });

describe('what does no harm counts, and is noted', () => {
  it.each<[string, string, string[], Partial<SymbolReply>]>([
    ['nothing', both(), [], { conviction: 0.3 }],
    ['a think block', both({}, (text) => `<think>{"signals": []} Hm.</think>\n${text}`), ['thinking in the text'], {}],
    ['the end of one', both({}, (text) => `Hm.</think>${text}`), ['thinking in the text'], {}],
    ['a fence', both({}, (text) => `\`\`\`json\n${text}\n\`\`\``), ['a code fence'], {}],
    ['words', both({}, (text) => `Here it is: ${text} Good luck!`), ['words around the object'], {}],
    [
      'thinking by any name',
      both({}, (text) => `<thinking>Perhaps ${draft}</thinking> ${text}`),
      ['thinking in the text'],
      { conviction: 0.3 },
    ],
    [
      'the channels of gpt-oss',
      both({}, (text) => `<|channel|>analysis<|message|>${draft}<|end|><|channel|>final<|message|>${text}<|return|>`),
      ['thinking in the text'],
      { conviction: 0.3 },
    ],
    [
      'a draft in a fence',
      both({}, (text) => `Draft:\n\`\`\`json\n${draft}\n\`\`\`\nFinal:\n\`\`\`json\n${text}\n\`\`\``),
      ['a code fence', 'a draft before it'],
      { conviction: 0.3 },
    ],
    [
      'a draft without one',
      both({}, (text) => `${draft}\nOn reflection:\n${text}`),
      ['words around the object', 'a draft before it'],
      { conviction: 0.3 },
    ],
    [
      'a draft of one symbol',
      both({}, (text) => `Not ${JSON.stringify(entryFor('BTC/USDT', { conviction: 1 }))} but ${text}`),
      ['words around the object', 'a draft before it'],
      { conviction: 0.3 },
    ],
    [
      'entries one by one',
      ['BTC/USDT', 'ETH/USDT'].map((symbol) => JSON.stringify(entryFor(symbol))).join('\n'),
      ['another form of the list'],
      {},
    ],
    ['braces in words', both({}, (text) => `By {volatility}: ${text} as {said}.`), ['words around the object'], {}],
    ['a bare list', both({}, (text) => text.slice('{"signals":'.length, -1)), ['another form of the list'], {}],
    ['an extra key', both({ target_price: 61_000 }), ['an extra key'], {}],
    ['an order beside it', both({}, (text) => `${text.slice(0, -1)},"order":"BUY"}`), ['an extra key'], {}],
    [
      'numbers as text',
      both({ conviction: '0.9', expected_return_bps: '+12 bps' }),
      ['a number as text'],
      { conviction: 0.9, expected_return_bps: 12 },
    ],
    ['a percentage as text', both({ expected_return_bps: '0.12%' }), ['a number as text'], { expected_return_bps: 12 }],
    [
      'percentages',
      both({ probabilities: { up: 50, flat: 30, down: 20 }, conviction: 85 }),
      ['percentages'],
      { probabilities: { up: 0.5, flat: 0.3, down: 0.2 }, conviction: 0.85 },
    ],
    [
      'percentages as text',
      both({ probabilities: { up: '50%', flat: '30%', down: '20%' } }),
      ['a number as text', 'percentages'],
      { probabilities: { up: 0.5, flat: 0.3, down: 0.2 } },
    ],
    [
      'probabilities of 0.95',
      both({ probabilities: { up: 0.38, flat: 0.38, down: 0.19 } }),
      ['probabilities that do not add up'],
      { probabilities: { up: 0.4, flat: 0.4, down: 0.2 } },
    ],
    ['a long rationale', both({ rationale: 'so '.repeat(200) }), ['a long rationale'], {}],
    ['no rationale', both({ rationale: undefined }), ['no rationale'], { rationale: '' }],
    [
      'evidence without its prefix',
      both({ evidence: ['spread_bps', 'insider.tip'] }),
      ['evidence by another name'],
      { evidence: ['BTC/USDT.spread_bps'] },
    ],
    ['a symbol by another name', both().replaceAll('"symbol":"BTC/USDT"', '"symbol":"BTC-USDT"'), [], {}],
    ['the base alone', both().replaceAll('"symbol":"BTC/USDT"', '"symbol":"btc"'), [], {}],
    [
      'somebody who was not asked for',
      JSON.stringify({ signals: ['DOGE/USDT', 'BTC/USDT'].map((symbol) => entryFor(symbol)) }),
      ['another symbol'],
      {},
    ],
  ])('%s', (_, content, slips, expected) => {
    const { 'BTC/USDT': reply } = read(content);
    expect(reply).toMatchObject({ symbol: 'BTC/USDT', ...expected });
    expect(reply?.slips).toEqual(slips);
    expect(reply?.rationale.length).toBeLessThanOrEqual(400);
  });

  it('a price that was not given costs the words, and not the view', () => {
    const mid = features[0]?.mid.toFixed(0) ?? '';
    const { 'BTC/USDT': reply } = read(both({ rationale: `Resistance near ${mid}.` }));
    expect(reply).toMatchObject({ conviction: 0.3, slips: ['a made-up price'] });
    expect(reply?.rationale).not.toContain(mid);
  });

  it('of an answer that was cut off what is whole', () => {
    const text = both();
    for (const finishReason of ['length', 'stop']) {
      const replies = read(text.slice(0, text.indexOf('ETH/USDT') + 40), finishReason);
      expect(Object.keys(replies)).toEqual(['BTC/USDT']);
      expect(replies['BTC/USDT']?.slips).toEqual(['a cut']);
    }
    expect(Object.keys(read(text, 'length'))).toEqual(['BTC/USDT', 'ETH/USDT']);
  });
});

describe('what it did not answer is not counted', () => {
  const one = JSON.stringify(entryFor('BTC/USDT'));
  it.each<[string, string, string]>([
    [
      'thinking that was cut off, of which the mark is not sent',
      `If it rose I would say ${one} but it falls, so`,
      'length',
    ],
    ['the like that ends within an entry', `If it rose I would say ${one}, or ${one.slice(0, 60)}`, 'length'],
    ['a draft whose correction was cut off', `${draft}\nOn reflection:`, 'length'],
    ['a draft whose correction is broken off', `${draft}\nFinal: ${draft.slice(0, 40)}`, 'stop'],
    ['a draft whose correction has no number', `${draft}\nFinal: ${both().replaceAll('0.3', 'NaN')}`, 'stop'],
    ['a draft that was taken back', `${draft}\nNo: {"signals": []}`, 'stop'],
    ...[
      '<think>',
      '<thinking>',
      '<thought>',
      '<reasoning>',
      '[THINK]',
      '◁think▷',
      '<|channel|>analysis<|message|>',
    ].map((mark): [string, string, string] => [`thinking behind ${mark}`, `${mark}Perhaps ${draft}`, 'stop']),
    ['thinking within marks', `<thinking>Perhaps ${draft}</thinking>`, 'stop'],
    ['one symbol twice', `${one} no, rather ${one}`, 'stop'],
  ])('%s', (_, content, finishReason) => {
    expect(read(content, finishReason)).toEqual({});
  });

  it.each<[string, Record<string, unknown>]>([
    ['a conviction in basis points', { conviction: '80 bps' }],
    ['a conviction of 10, of ten or of a hundred', { conviction: 10 }],
    ['the same as text', { conviction: '10' }],
    ['a conviction of more than all', { conviction: '101%' }],
    ['probabilities in basis points', { probabilities: { up: '60bps', flat: '20bps', down: '20bps' } }],
    ['percentages that add up to one', { probabilities: { up: '0.8%', flat: '0.1%', down: '0.1%' } }],
    ['numbers of two scales', { probabilities: { up: '60%', flat: 20, down: 20 } }],
  ])('%s', (_, changes) => {
    expect(read(both(changes))).toEqual({});
  });

  it('a percentage is what it says, also below one and beside a share', () => {
    expect(read(both({ conviction: '1%' }))['BTC/USDT']).toMatchObject({ conviction: 0.01 });
    const probabilities = { up: '60%', flat: 0.2, down: 0.2 };
    expect(read(both({ probabilities }))['BTC/USDT']).toMatchObject({
      probabilities: { up: 0.6, flat: 0.2, down: 0.2 },
      slips: ['a number as text', 'percentages'],
    });
  });
});

describe('a fault of one symbol', () => {
  const oneFaulty = (changes: Record<string, unknown>): string =>
    JSON.stringify({ signals: [entryFor('BTC/USDT', changes), entryFor('ETH/USDT')] });

  it.each<[string, string, RegExp]>([
    ['a missing entry', JSON.stringify({ signals: [entryFor('ETH/USDT')] }), /no entry for BTC/],
    [
      'an entry too many',
      JSON.stringify({ signals: ['BTC/USDT', 'BTC/USDT', 'ETH/USDT'].map((each) => entryFor(each)) }),
      /BTC\/USDT twice/,
    ],
    ['impossible probabilities', oneFaulty({ probabilities: { up: 0.9, flat: 0.9, down: 0.1 } }), /add up to 1/],
    ['a negative one', oneFaulty({ probabilities: { up: 1.05, flat: 0, down: -0.05 } }), /add up to 1/],
    ['a huge return', oneFaulty({ expected_return_bps: 9_000 }), /expected_return_bps/],
    ['evidence of another', oneFaulty({ evidence: ['ETH/USDT.spread_bps'] }), /no evidence id that was given for BTC/],
  ])('costs no other its view, and nothing twice: %s', async (_, content, fault) => {
    const provider = await provide(() => ({ content }));
    const { answer } = await ask(deepseekAt(provider.baseUrl), healthyRequest());
    expect(reasonsOf(answer)).toEqual(['invalid_answer', 'signal']);
    expect(detailOf(answer)).toMatch(fault);
    expect(provider.requests).toHaveLength(1);
  });
});

it('the record and a metric say what was put right', async () => {
  const provider = await provide((request) => ({
    content: `\`\`\`json\n${goodReply(request, { conviction: '0.9' })}\n\`\`\``,
  }));
  const before = (await metrics.llmSalvaged.get()).values;
  const { answer } = await ask(deepseekAt(provider.baseUrl), healthyRequest());
  expect(provider.requests).toHaveLength(1);
  for (const opinion of answer.opinions) {
    expect(opinion.kind === 'signal' && opinion.evidence.at(-1)).toBe('salvaged: a code fence, a number as text');
  }
  const counted = (values: typeof before): number =>
    values.find(({ labels }) => labels.agent === 'deepseek' && labels.slip === 'a code fence')?.value ?? 0;
  expect(counted((await metrics.llmSalvaged.get()).values) - counted(before)).toBe(2);
});
