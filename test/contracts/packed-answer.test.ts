import { expect, it } from 'vitest';
import { packed, unpacked } from '../../contracts/packed-answer.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { AgentAnswer, Opinion, Signal } from '../../domain/signals/signals.ts';

const signal = (symbol: string, changes: Partial<Signal> = {}): Signal => ({
  kind: 'signal',
  agentId: tagged('qwen'),
  symbol,
  probabilities: { up: 0.1 + 0.2, flat: 0.4, down: 0.3 },
  expectedReturn: -1e-7,
  uncertainty: 0.01,
  conviction: 0,
  horizonMs: 900_000,
  validUntilAt: 1_795_000_000_000,
  rationale: `Of "${symbol}", at length.`,
  evidence: [`${symbol}.return_15m_bps`],
  ...changes,
});
const silence = (symbol: string, detail: string): Opinion => ({
  kind: 'abstention',
  agentId: tagged('qwen'),
  symbol,
  reason: 'not_enough_data',
  detail,
});
const answer = (opinions: Opinion[], changes: Partial<AgentAnswer> = {}): AgentAnswer => ({
  agentId: tagged('qwen'),
  opinions,
  model: 'qwen',
  version: '1',
  latencyMs: 12.5,
  tokens: 3,
  costUsd: '0.0001',
  ...changes,
});
const symbols = ['BTC/USDT', 'ETH/USDT', 'SOL/USDT', 'XRP/USDT'];
const mixed = [signal('BTC/USDT'), silence('ETH/USDT', 'young'), signal('SOL/USDT'), silence('XRP/USDT', 'younger')];
const through = (one: AgentAnswer): AgentAnswer => unpacked(JSON.parse(JSON.stringify(packed(one))));

it.each([
  ['signals', answer(symbols.map((symbol) => signal(symbol)))],
  ['abstentions', answer(symbols.map((symbol) => silence(symbol, 'no key')))],
  ['both, in their order', answer(mixed)],
  ['nothing', answer([])],
  ['what it held before a debate', answer(mixed.toReversed(), { before: mixed })],
  ['signals over different horizons', answer([signal('BTC/USDT'), signal('ETH/USDT', { horizonMs: 60_000 })])],
  ['a view that stands since then', answer(symbols.map((symbol) => signal(symbol, { formedAt: 1_794_999_000_000 })))],
  ['views of different age', answer([signal('BTC/USDT', { formedAt: 1_794_999_000_000 }), signal('ETH/USDT')])],
  [
    'a view that was rebuilt, beside one that was not',
    answer([
      signal('BTC/USDT', { rebuilt: { by: 'probabilities', expectedReturn: 0.03, uncertainty: 0 } }),
      signal('ETH/USDT'),
    ]),
  ],
  ['an opinion that another signed', answer([signal('BTC/USDT', { agentId: tagged('fingpt') })])],
])('an answer of %s comes through whole', (_, one) => expect(through(one)).toEqual(one));

it('takes two thirds at the most, and one of abstentions alone half', () => {
  const bytes = (one: unknown): number => JSON.stringify(one).length;
  const views = answer(symbols.map((symbol) => signal(symbol)));
  const silent = answer(symbols.map((symbol) => silence(symbol, 'It has no key: set QWEN_API_KEY, or switch it off.')));
  expect(bytes(packed(views)) / bytes(views)).toBeLessThan(2 / 3);
  expect(bytes(packed(silent)) / bytes(silent)).toBeLessThan(0.5);
});

it('as an earlier release gave it is read as it is', () => {
  const one = answer(mixed);
  expect(unpacked(one)).toBe(one);
});

it('that names a reason which it does not give is refused', () => {
  const one = JSON.parse(JSON.stringify(packed(answer([silence('BTC/USDT', 'young')]))));
  one.packed.rows = [['BTC/USDT', 1]];
  expect(() => unpacked(one)).toThrow('names reason 1 of 1');
});
