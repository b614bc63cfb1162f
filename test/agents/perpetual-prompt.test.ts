import { describe, expect, it } from 'vitest';
import type { Frame, FrameCandle, SymbolSnapshot } from '../../domain/market/market.ts';
import type { Perpetual, PerpetualGap, PerpetualSeen } from '../../domain/market/perpetual.ts';
import type { Price } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { hear } from '../../trading/agents/language-models/facts.ts';
import { perpetualFeaturesOf } from '../../trading/agents/language-models/perpetual.ts';
import { prompts } from '../../trading/agents/language-models/prompts/prompts.ts';
import { readReply } from '../../trading/agents/language-models/reply.ts';
import { ask, reasonsOf } from './agents.ts';
import { bookAround, candlesOf, HORIZON_MS, requestFor, snapshotOf, symbolSnapshot, TAKEN_AT, walk } from './market.ts';
import { deepseekAt, provide } from './providers.ts';
import { entryFor, goodReply, userMessage } from './replies.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

const known: Perpetual = {
  market: 'BTCUSDT',
  fundingRate: '-0.00012',
  nextFundingAt: TAKEN_AT + 90 * MINUTE_MS,
  seenAt: TAKEN_AT - 3 * MINUTE_MS,
  openInterest: { quantity: tagged('1020'), dayBefore: tagged('1000'), at: TAKEN_AT - 10 * MINUTE_MS },
};

/** Of so many hours, in each of which 10 are traded. */
function hours(count: number, gapMs = 0): Frame {
  const price = tagged<Price>('1');
  const candles = Array.from({ length: count }, (_, index): FrameCandle => {
    const openAt = TAKEN_AT - (count - index) * HOUR_MS - (index === 0 ? gapMs : 0);
    return [openAt, price, price, price, price, tagged('10')];
  });
  return { timeframe: '1h', candles };
}

const seen = (symbol: string, perpetual?: PerpetualSeen, frames = [hours(24)]): SymbolSnapshot => ({
  ...symbolSnapshot(symbol, candlesOf(walk({ count: 120, seed: 7, start: 60_000 })), bookAround(60_000)),
  frames,
  ...(perpetual ? { perpetual } : {}),
});

function numbersOf(one: SymbolSnapshot): Record<string, number> {
  const features = perpetualFeaturesOf(one, { market: snapshotOf([one]), horizonMs: HORIZON_MS });
  if (typeof features === 'string') throw new Error(features);
  const numbers = features.evidence.map(({ id, value }) => [id.slice(features.symbol.length + 1), value] as const);
  return Object.fromEntries(numbers.filter(([name]) => /funding|open_interest/.test(name)));
}

async function words(version: 'signal/2' | 'signal/3', symbols: SymbolSnapshot[]): Promise<string> {
  const request = requestFor(symbols);
  const { facts } = await hear('deepseek', request, {}, new AbortController().signal);
  const prompt = prompts[version];
  const of = { market: request.snapshot, horizonMs: HORIZON_MS };
  const features = symbols.map((one) => prompt.featuresOf(one, of)).filter((each) => typeof each !== 'string');
  return prompt.user(features, facts, 'nonce');
}

describe('the numbers of a perpetual market', () => {
  it('are what longs pay next, when, and how much stands open: without a price or an amount', () => {
    expect(numbersOf(seen('BTC/USDT', known))).toEqual({
      funding_rate_bps: -1.2,
      minutes_to_funding: 90,
      minutes_since_funding_was_read: 3,
      open_interest_change_1d_bps: 200,
      // 1,020 over 24 times 10.
      open_interest_in_days_of_spot_volume: 4.25,
    });
  });

  it.each<[string, PerpetualSeen | undefined, Frame[], string[]]>([
    ['nothing is read', undefined, [hours(24)], []],
    ['it is missing', { missing: 'away' }, [hours(24)], []],
    ['open interest is', { ...known, openInterest: { missing: 'stale' } }, [hours(24)], ['minutes_to_funding']],
    [
      'funding is',
      { market: 'BTCUSDT', funding: { missing: 'away' }, openInterest: known.openInterest },
      [hours(24)],
      ['open_interest_change_1d_bps', 'open_interest_in_days_of_spot_volume'],
    ],
    [
      'there was no yesterday',
      { ...known, openInterest: { quantity: tagged('1'), at: TAKEN_AT } },
      [hours(24)],
      ['minutes_to_funding', 'open_interest_in_days_of_spot_volume'],
    ],
    [
      'nothing stood open',
      { ...known, openInterest: { quantity: tagged('0'), dayBefore: tagged('0'), at: TAKEN_AT } },
      [hours(24)],
      ['open_interest_in_days_of_spot_volume'],
    ],
    ['the hours are no day', known, [hours(23)], ['open_interest_change_1d_bps']],
    ['the hours have a gap', known, [hours(24, HOUR_MS)], ['open_interest_change_1d_bps']],
    ['there are no hours', known, [], ['open_interest_change_1d_bps']],
  ])('are left out where %s, and nothing is made up', (_name, perpetual, frames, names) => {
    const numbers = numbersOf(seen('BTC/USDT', perpetual, frames));
    expect(Object.values(numbers).every(Number.isFinite)).toBe(true);
    for (const name of ['minutes_to_funding', 'open_interest_change_1d_bps', 'open_interest_in_days_of_spot_volume']) {
      const isFunded = perpetual !== undefined && 'fundingRate' in perpetual;
      const isExpected = names.includes(name) || (name === 'minutes_to_funding' && isFunded);
      expect([name, name in numbers]).toEqual([name, isExpected]);
    }
  });
});

describe('the question of signal/3', () => {
  it('is that of signal/2 with these numbers, and without the words that they are missing', async () => {
    const one = seen('BTC/USDT', known);
    const [second, third] = await Promise.all([words('signal/2', [one]), words('signal/3', [one])]);
    const added = third.split('\n').filter((line) => !second.includes(line));
    expect(added).toEqual([
      'BTC/USDT.funding_rate_bps = -1.2',
      'BTC/USDT.minutes_to_funding = 90',
      'BTC/USDT.minutes_since_funding_was_read = 3',
      'BTC/USDT.open_interest_change_1d_bps = 200',
      'BTC/USDT.open_interest_in_days_of_spot_volume = 4.25',
      'Not known here: who holds what.',
    ]);
    expect(second).toContain('Not known here: funding rates, open interest, and who holds what.');
    expect(third).not.toContain('1020');
    for (const name of Object.keys(numbersOf(one))) expect(prompts['signal/3'].system).toContain(name);
  });

  it.each<[PerpetualGap, string]>([
    ['none', 'the exchange has none'],
    ['unread', 'nobody has looked yet'],
    ['away', 'the exchange did not answer'],
    ['refused', 'the exchange refused to say'],
    ['malformed', 'the answer meant nothing'],
    ['stale', 'what was said is too old'],
  ])('says why nothing is known: %s', async (missing, reason) => {
    expect(await words('signal/3', [seen('BTC/USDT', { missing }), seen('ETH/USDT', { missing })])).toContain(
      `Not known of BTC/USDT, ETH/USDT: funding and open interest of a perpetual market, as ${reason}.\nNot known here: who holds what.\n`,
    );
  });

  it('says of each symbol what it lacks, and of a snapshot of before that nobody reads', async () => {
    const partly: PerpetualSeen = { ...known, openInterest: { missing: 'refused' } };
    const { market, openInterest } = known;
    const unfunded = seen('XRP/USDT', { market, funding: { missing: 'away' }, openInterest });
    const neither = { market, funding: { missing: 'malformed' }, openInterest: { missing: 'stale' } } as const;
    const text = await words('signal/3', [
      seen('BTC/USDT', known),
      seen('ETH/USDT', partly),
      seen('SOL/USDT'),
      unfunded,
      seen('LTC/USDT', neither),
    ]);
    expect(text).toContain('Not known of XRP/USDT: funding, as the exchange did not answer.');
    expect(text).toContain('XRP/USDT.open_interest_change_1d_bps = 200');
    expect(text).toContain('LTC/USDT: funding, as the answer meant nothing');
    expect(text).toContain('LTC/USDT: open interest, as what was said is too old');
    expect(text).toContain('Not known of ETH/USDT: open interest, as the exchange refused to say.');
    expect(text).toContain('Not known of SOL/USDT: funding and open interest, as no perpetual market is read here.');
  });

  it('is asked where it is configured, and its numbers can be cited', async () => {
    const provider = await provide((request) => ({ content: goodReply(request) }));
    const { answer } = await ask(
      deepseekAt(provider.baseUrl, { prompt: 'signal/3' }),
      requestFor([seen('BTC/USDT', known)]),
    );
    expect(reasonsOf(answer)).toEqual(['signal']);
    expect(answer.version).toMatch(/^signal\/3 /);
    expect(provider.requests.map(userMessage)[0]).toContain('funding_rate_bps = -1.2');
    const features = perpetualFeaturesOf(seen('BTC/USDT', known), {
      market: snapshotOf([seen('BTC/USDT', known)]),
      horizonMs: HORIZON_MS,
    });
    if (typeof features === 'string') throw new Error(features);
    const entry = entryFor('BTC/USDT', { evidence: ['BTC/USDT.funding_rate_bps'] });
    const reply = readReply({ content: JSON.stringify({ signals: [entry] }), finishReason: 'stop' }, [features]);
    expect('replies' in reply && reply.replies.get('BTC/USDT')?.slips).toEqual([]);
  });
});
