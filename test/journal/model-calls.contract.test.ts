import { describe, expect, it } from 'vitest';
import { decimal, sum, text } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { ModelCallBook } from '../../stores/journal/books/model-calls.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const DAY = 86_400_000;
const ample = { perCycleUsd: '1', perDayUsd: '10' };

const call = (callId: string, changes: Partial<Parameters<ModelCallBook['reserve']>[0]> = {}) => ({
  callId,
  agentId: 'deepseek',
  cycleId: 'c-1',
  askedModel: 'deepseek-flash',
  promptVersion: 'signal/1',
  promptHash: 'ab'.repeat(32),
  sampling: { temperature: 0, seed: 1 },
  mostUsd: '0.4',
  ...changes,
});

const end = (changes: Partial<Parameters<ModelCallBook['settle']>[1]> = {}) => ({
  model: 'deepseek-flash',
  costUsd: '0.1',
  tokens: 100,
  finishReason: 'stop',
  content: '{}',
  latencyMs: 5,
  ...changes,
});

describe.each(adapterNames)('the book of model calls on %s', (name) => {
  const books = new FreshBooks(name);

  it('grants what the budgets have left, to the last cent, and says what is spent', async () => {
    const { modelCalls } = books.journal;
    const reserve = (callId: string, mostUsd: string, cycleId: string) =>
      modelCalls.reserve(call(callId, { mostUsd, cycleId: tagged(cycleId) }), { perCycleUsd: '1', perDayUsd: '1.5' });
    expect(await reserve('a', '0.6', 'c-1')).toEqual({ granted: true, cycleUsd: '0', dayUsd: '0' });
    expect(await reserve('b', '0.40000001', 'c-1')).toEqual({ granted: false, cycleUsd: '0.6', dayUsd: '0.6' });
    expect(await reserve('c', '0.4', 'c-1')).toEqual({ granted: true, cycleUsd: '0.6', dayUsd: '0.6' });
    expect(await reserve('d', '0.51', 'c-2')).toEqual({ granted: false, cycleUsd: '0', dayUsd: '1' });
    expect(await reserve('e', '0.5', 'c-2')).toMatchObject({ granted: true });
    expect((await modelCalls.list({ limit: 9 })).map(({ callId }) => callId).toSorted()).toEqual(['a', 'c', 'e']);
  });

  it('counts a call at its most until its end is known, once, and gives the rest back', async () => {
    const { modelCalls } = books.journal;
    await modelCalls.reserve(call('a'), ample);
    expect(await modelCalls.list({ limit: 9 })).toEqual([
      {
        ...end({ model: '', costUsd: '0.4', tokens: 0, finishReason: '', content: '', latencyMs: 0 }),
        callId: 'a',
        agentId: 'deepseek',
        cycleId: 'c-1',
        askedModel: 'deepseek-flash',
        promptVersion: 'signal/1',
        promptHash: 'ab'.repeat(32),
        sampling: { temperature: 0, seed: 1 },
        state: 'reserved',
        startedAt: books.now,
      },
    ]);
    await modelCalls.settle('a', end());
    await modelCalls.settle('a', end({ costUsd: '0.3', content: 'another' }));
    await modelCalls.settle('nobody', end());
    expect(await modelCalls.list({ limit: 9 })).toMatchObject([{ state: 'settled', costUsd: '0.1', content: '{}' }]);
    expect(await modelCalls.reserve(call('b'), ample)).toMatchObject({ cycleUsd: '0.1', dayUsd: '0.1' });
    const events = (await books.journal.outbox.after(0, 100)).filter(({ kind }) => kind === 'model.called');
    expect(events).toMatchObject([{ eventId: 'model-call/a', cycleId: 'c-1', payload: { costUsd: '0.1' } }]);
  });

  it('charges a call to the day on which it began, and to its own agent', async () => {
    const { modelCalls } = books.journal;
    books.now = 5 * DAY - 1;
    await modelCalls.reserve(call('late', { mostUsd: '0.9' }), ample);
    books.now = 5 * DAY;
    expect(await modelCalls.reserve(call('early', { cycleId: tagged('c-2') }), ample)).toMatchObject({ dayUsd: '0' });
    await modelCalls.settle('late', end({ costUsd: '0.2' }));
    expect(await modelCalls.reserve(call('next', { cycleId: tagged('c-3') }), ample)).toMatchObject({ dayUsd: '0.4' });
    expect(await modelCalls.reserve(call('other', { agentId: 'qwen' }), ample)).toMatchObject({
      cycleUsd: '0',
      dayUsd: '0',
    });
  });

  it('has one budget of a day for a seat and for what compares its prompts', async () => {
    const { modelCalls } = books.journal;
    const day = { perCycleUsd: '5', perDayUsd: '5' };
    const reserve = (agentId: string, mostUsd: string) =>
      modelCalls.reserve(call(`${agentId} ${mostUsd}`, { agentId, mostUsd, cycleId: tagged(agentId) }), day);
    expect(await reserve('deepseek', '4.9')).toMatchObject({ granted: true, dayUsd: '0' });
    expect(await reserve('deepseek-compare', '4.9')).toMatchObject({ granted: false, dayUsd: '4.9' });
    expect(await reserve('deepseek-compare', '0.1')).toMatchObject({ granted: true });
    expect(await reserve('deepseek', '0.01')).toMatchObject({ granted: false, dayUsd: '5' });
    expect(await reserve('qwen', '4.9')).toMatchObject({ granted: true });
  });

  it('never grants more than the budget to calls of several processes at once', async () => {
    const journals = await Promise.all([books.again(), books.again(), books.again()]);
    const grants = await Promise.all(
      Array.from({ length: 24 }, async (_, n) => {
        const { modelCalls } = journals[n % journals.length] ?? books.journal;
        return modelCalls.reserve(call(`p-${n}`, { cycleId: tagged(`c-${n}`), mostUsd: '0.3' }), {
          perCycleUsd: '1',
          perDayUsd: '2',
        });
      }),
    );
    expect(grants.filter(({ granted }) => granted)).toHaveLength(6);
    const costs = (await books.journal.modelCalls.list({ limit: 99 })).map(({ costUsd }) => decimal(costUsd));
    expect(text(sum(costs))).toBe('1.8');
  });

  it('adds up by agent and the model that answered, and lists a cycle, newest first', async () => {
    const { modelCalls } = books.journal;
    for (const [n, agentId] of ['qwen', 'deepseek', 'deepseek', 'fingpt'].entries()) {
      books.now = 1_000 + n;
      await modelCalls.reserve(call(`s-${n}`, { agentId, cycleId: tagged(n < 3 ? 'c-1' : 'c-2') }), ample);
    }
    await modelCalls.settle('s-1', end({ model: 'deepseek-v4-pro', costUsd: '0.25' }));
    expect(await modelCalls.spent(1_001)).toEqual([
      { agentId: 'deepseek', model: 'deepseek-flash', calls: 1, tokens: 0, costUsd: '0.4' },
      { agentId: 'deepseek', model: 'deepseek-v4-pro', calls: 1, tokens: 100, costUsd: '0.25' },
      { agentId: 'fingpt', model: 'deepseek-flash', calls: 1, tokens: 0, costUsd: '0.4' },
    ]);
    const ids = async (filter: { cycleId?: string; limit: number }) =>
      (await modelCalls.list(filter)).map(({ callId }) => callId);
    expect(await ids({ limit: 2 })).toEqual(['s-3', 's-2']);
    expect(await ids({ cycleId: 'c-1', limit: 9 })).toEqual(['s-2', 's-1', 's-0']);
  });

  it('keeps any answer, however hostile its characters are', async () => {
    const { modelCalls } = books.journal;
    const content = 'null \u0000, half a pair \ud83d, quotes \' " \\ and \u202e turned';
    await modelCalls.reserve(call('odd'), ample);
    await modelCalls.settle('odd', end({ content, finishReason: 'stop\u0000', model: 'a\u0000model' }));
    const [kept] = await modelCalls.list({ limit: 1 });
    expect(kept).toMatchObject({ state: 'settled', model: 'a\ufffdmodel', finishReason: 'stop\ufffd' });
    expect(kept?.content).toBe('null \ufffd, half a pair \ufffd, quotes \' " \\ and \u202e turned');
    expect((await books.journal.outbox.after(0, 9)).map(({ kind }) => kind)).toContain('model.called');
  });

  it('keeps the first 40,000 characters of an answer', async () => {
    const { modelCalls } = books.journal;
    await modelCalls.reserve(call('long'), ample);
    await modelCalls.settle('long', end({ content: 'x'.repeat(39_999) + '\u{1f600}'.repeat(9) }));
    expect((await modelCalls.list({ limit: 1 }))[0]?.content).toBe(`${'x'.repeat(39_999)}\ufffd`);
  });

  it('has calls that a release before recorded, without how they were drawn', async () => {
    const { modelCalls } = books.journal;
    const database = await books.database();
    await database.transaction('main', {}, async (transaction) => {
      await transaction.run(
        `INSERT INTO model_calls (call_id, agent_id, cycle_id, asked_model, model, prompt_version, prompt_hash, state, cost, tokens,
           finish_reason, content, latency_ms, started_at)
         VALUES ('old', 'deepseek', 'c', 'm', 'm', 'signal/1', 'ab', 'settled', '0', 0, 'stop', '', 1, 1)`,
      );
    });
    expect((await modelCalls.list({ limit: 1 }))[0]?.sampling).toEqual({});
  });
});
