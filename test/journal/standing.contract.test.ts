import { describe, expect, it } from 'vitest';
import type { AgentAnswer, Opinion } from '../../domain/signals/signals.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const asked = { formedAt: 1_000_000, askEveryMs: 600_000, tookMs: 60_000 };

function answer(agentId: string, rationale: string): AgentAnswer {
  const opinion: Opinion = {
    kind: 'signal',
    agentId,
    symbol: 'BTC/USDT',
    probabilities: { up: 0.5, flat: 0.3, down: 0.2 },
    expectedReturn: 0.001,
    uncertainty: 0.01,
    conviction: 0.5,
    horizonMs: 3_600_000,
    validUntilAt: 9_000_000,
    rationale,
    evidence: [],
  };
  return { agentId, opinions: [opinion], model: 'm', version: '1', latencyMs: 9, tokens: 5, costUsd: '0.01' };
}

describe.each(adapterNames)('standing answers in %s', (name) => {
  const books = new FreshBooks(name);
  const begin = (askId: string, ...agentIds: string[]) =>
    books.journal.standing.begin({ account: 'main', askId, agentIds });
  const keep = (askId: string, ...answers: AgentAnswer[]) =>
    books.journal.standing.keep({ account: 'main', askId, answers, asked });
  const read = (account = 'main') => books.journal.standing.read(account);
  const words = async () =>
    (await read()).map(({ standing }) => standing?.answer.opinions.map((one) => 'rationale' in one && one.rationale));

  it('say that one is under way, and then what was said and when', async () => {
    await begin('ask/1', 'qwen', 'deepseek');
    expect(await read()).toEqual(
      ['deepseek', 'qwen'].map((agentId) => ({ agentId, askId: 'ask/1', askedAt: 1_000_000 })),
    );
    books.now += 60_000;
    await keep('ask/1', answer('deepseek', 'up'));
    const [deepseek, qwen] = await read();
    expect(deepseek).toMatchObject({
      endedAt: 1_060_000,
      standing: {
        formedAt: 1_000_000,
        standsUntilAt: 3_430_000,
        answer: { costUsd: '0.01', opinions: [{ formedAt: 1_000_000, validUntilAt: 3_430_000 }] },
      },
    });
    expect(qwen).not.toHaveProperty('endedAt');
    expect(await read('another')).toEqual([]);
  });

  it('stand on while the next one is under way, and are begun and kept once a question', async () => {
    await begin('ask/1', 'deepseek');
    await keep('ask/1', answer('deepseek', 'first'));
    books.now += 600_000;
    await begin('ask/2', 'deepseek');
    expect(await words()).toEqual([['first']]);
    expect((await read())[0]).toMatchObject({ askId: 'ask/2', askedAt: 1_600_000 });
    await keep('ask/2', answer('deepseek', 'second'));
    await keep('ask/2', answer('deepseek', 'said twice'));
    await begin('ask/2', 'deepseek');
    expect(await words()).toEqual([['second']]);
    expect((await read())[0]).toHaveProperty('endedAt');
  });

  it('are not those of a question that another one has followed', async () => {
    await begin('ask/1', 'deepseek');
    await begin('ask/2', 'deepseek');
    await keep('ask/1', answer('deepseek', 'too late'));
    expect(await words()).toEqual([undefined]);
    await keep('ask/2', answer('deepseek', 'in time'));
    expect(await words()).toEqual([['in time']]);
  });

  it('are none where another release wrote what cannot be read', async () => {
    await begin('ask/1', 'deepseek');
    await keep('ask/1', answer('deepseek', 'up'));
    const database = await books.database();
    await database.run(`UPDATE standing_answers SET standing = '{"of":"another"}'`);
    expect((await read())[0]).not.toHaveProperty('standing');
    await begin('ask/2', 'deepseek');
    await keep('ask/2', answer('deepseek', 'anew'));
    expect(await words()).toEqual([['anew']]);
  });
});
