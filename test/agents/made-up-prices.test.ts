import { describe, expect, it } from 'vitest';
import { decimal } from '../../domain/money/money.ts';
import { madeUpPrice } from '../../trading/agents/language-models/made-up-prices.ts';
import { ask } from './agents.ts';
import { healthyRequest } from './market.ts';
import { deepseekAt, provide } from './providers.ts';
import { goodReply } from './replies.ts';

const mid = decimal('60694.05');

describe('a price that the model made up', () => {
  it.each([
    ['Support at 60500 should hold.', '60500'],
    ['Support at 60,500 should hold.', '60,500'],
    ['Resistance near 61.2k ahead.', '61.2k'],
    ['A break of $58 invites sellers.', '$58'],
    ['Target 64 000.50 by tonight.', '64 000.50'],
    ['It trades at 12 USDT.', '12 USDT'],
    ['Worth 3 dollars at most.', '3 dollars'],
  ])('%s', (text, price) => expect(madeUpPrice(text, mid, [])).toBe(price));

  it.each([
    'Momentum of 12 bps over 15 minutes with a 0.34 imbalance.',
    'Up 60500 % is absurd, and no level.',
    'Seen over 120 candles; volume ratio 1.4.',
    'Return of -35.2 bps, volatility 61000 bps.',
    'RSI-like reading of 70, below 80.',
    'There were 100000 trades.',
    '',
  ])('is not: %s', (text) => expect(madeUpPrice(text, mid, [])).toBeUndefined());

  it('is no number that was shown', () => {
    expect(madeUpPrice('return_all of 60000.5', mid, [60_000.5])).toBeUndefined();
    expect(madeUpPrice('return_all of 60000.5', mid, [-60_000.5])).toBeUndefined();
  });

  it('costs an answer its words, and neither its views nor a second call', async () => {
    const provider = await provide((request) => ({
      content: goodReply(request, { rationale: 'Buyers defend $57,000.' }),
    }));
    const { answer } = await ask(deepseekAt(provider.baseUrl), healthyRequest());
    expect(provider.requests).toHaveLength(1);
    const words = answer.opinions.map((opinion) => opinion.kind === 'signal' && opinion.rationale);
    expect(words).toContain('(left out: it names a price that was not given)');
    expect(JSON.stringify(answer)).not.toContain('57,000');
  });
});
