import { describe, expect, it } from 'vitest';
import { temporaryJournal } from '../support/books.ts';
import { TOKEN, testApi } from './harness.ts';

const STOP = '/api/v1/stop';
const nobody = { authorization: '' };

async function withBooks() {
  const journal = await temporaryJournal();
  const test = await testApi({ journal: async () => journal });
  return { ...test, journal, state: () => journal.control.read('main') };
}

describe('the emergency stop', () => {
  it.each([
    ['nothing', undefined, undefined],
    ['no JSON', '{', 'application/json'],
    ['a list', '[1,2]', 'application/json'],
    ['null', 'null', 'application/json'],
    ['fields of other kinds', '{"reason":{"a":1},"flatten":"perhaps","by":7}', 'application/json'],
    ['text', 'get out', 'text/plain'],
    ['a form', 'reason=hot', 'application/x-www-form-urlencoded'],
    ['bytes', Buffer.from([0, 255, 254, 1]), 'application/octet-stream'],
    ['a type that is none', '{}', '///'],
    ['a body that is far too long', `{"reason":"${'x'.repeat(300_000)}"}`, 'application/json'],
    ['a reason of control characters', '{"reason":"\\u0000\\u001b[2J"}', 'application/json'],
    ['a reason that is far too long', `{"reason":"${'x'.repeat(10_000)}"}`, 'application/json'],
  ])('fences with %s', async (_name, payload, type) => {
    const { ask, journal, state } = await withBooks();
    const reply = await ask('POST', STOP, {
      ...(payload === undefined ? {} : { payload }),
      ...(type === undefined ? {} : { headers: { 'content-type': type } }),
    });
    expect([reply.statusCode, reply.json()]).toMatchObject([202, { fenced: true, quiet: false, epoch: 1 }]);
    expect(await state()).toMatchObject({ tradingState: 'halted', epoch: 1, changedBy: 'ann' });
    await journal.close();
  });

  it('takes the reason of what it can read, and stands in the audit trail', async () => {
    const { ask, journal, state } = await withBooks();
    await ask('POST', STOP, { payload: { reason: 'too hot' } });
    expect((await state()).reason).toBe('too hot');
    const [entry] = (await journal.audit.after(0, 10)).filter(({ kind }) => kind === 'trading.halted');
    expect(entry).toMatchObject({ by: 'ann', via: 'token:api', reason: 'too hot' });
    await journal.close();
  });

  it.each([
    ['nobody', nobody],
    ['a token that nobody has', { authorization: 'Bearer wrong' }],
    ['a session that has ended', { ...nobody, cookie: 'sapphire-session=gone' }],
  ])('of this machine asks for no name: %s', async (_name, headers) => {
    const { ask, journal, state } = await withBooks();
    const reply = await ask('POST', STOP, { payload: { reason: 'hot', flatten: true }, headers });
    expect(reply.json()).toMatchObject({ fenced: true, note: expect.stringContaining('Nothing is sold') });
    expect(await state()).toMatchObject({ tradingState: 'halted', changedBy: 'unknown' });
    expect((await journal.audit.after(0, 10)).map(({ kind }) => kind)).not.toContain('flatten.ordered');
    await journal.close();
  });

  it('sells for an operator, whose word stands in the audit trail', async () => {
    const { ask, journal } = await withBooks();
    await ask('POST', STOP, { payload: { reason: 'hot', flatten: true } });
    expect((await journal.audit.after(0, 10)).map(({ kind }) => kind)).toContain('flatten.ordered');
    await journal.close();
  });

  it('is refused to a page of another place', async () => {
    const { ask, journal, state } = await withBooks();
    const reply = await ask('POST', STOP, { headers: { ...nobody, origin: 'https://evil.example' } });
    expect(reply.statusCode).toBe(403);
    expect((await state()).tradingState).toBe('active');
    await journal.close();
  });

  it('is one stop for one key while it lasts, and another one once trading goes on', async () => {
    const { ask, journal, state } = await withBooks();
    const stop = () => ask('POST', STOP, { payload: { reason: 'hot' }, headers: { 'idempotency-key': 'k' } });
    await stop();
    await stop();
    expect(await state()).toMatchObject({ tradingState: 'halted', epoch: 1 });
    await journal.control.resume({ account: 'main', expectedEpoch: 1, reason: 'over', by: 'bob' });
    await stop();
    expect((await state()).tradingState).toBe('halted');
    await journal.close();
  });

  it('is never kept waiting by what was counted', async () => {
    const journal = await temporaryJournal();
    const { ask } = await testApi({ journal: async () => journal }, { limit: { max: 1, timeWindow: 60_000 } });
    for (const expected of [200, 429]) expect((await ask('GET', '/api/v1/session')).statusCode).toBe(expected);
    expect((await ask('POST', STOP)).json()).toMatchObject({ fenced: true });
    await journal.close();
  });

  it('says that it is not fenced where neither books nor Temporal are there', async () => {
    const { ask } = await testApi();
    const reply = await ask('POST', STOP, { payload: { reason: 'hot' } });
    expect([reply.statusCode, reply.json().code]).toEqual([503, 'NotFenced']);
    expect(reply.json().detail).toContain('The halt row could not be written');
  });

  it('in production asks for a name', async () => {
    const journal = await temporaryJournal();
    const identify = async ({ bearer }: { bearer?: string }) =>
      bearer === TOKEN ? ({ person: 'ann', role: 'viewer', via: 'token:firebase/u1' } as const) : undefined;
    const { ask } = await testApi({ journal: async () => journal }, { authentication: { identify }, sessions: false });
    expect((await ask('POST', STOP, { headers: nobody })).statusCode).toBe(401);
    const reply = await ask('POST', STOP, { payload: { flatten: true } });
    expect(reply.json()).toMatchObject({ fenced: true, note: expect.stringContaining('Nothing is sold') });
    await journal.close();
  });
});
