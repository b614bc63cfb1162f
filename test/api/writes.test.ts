import { describe, expect, it } from 'vitest';
import type { ApiTools } from '../../client/api/tools.ts';
import { configurationSchema, configuredParticipation, configuredPolicy } from '../../contracts/config/schema.ts';
import type { CoordinatorClient } from '../../trading/decide/coordinator-client.ts';
import { temporaryJournal } from '../support/books.ts';
import { testApi } from './harness.ts';

const configuration = configurationSchema.parse({});

async function withBooks(more: Partial<ApiTools> = {}) {
  const journal = await temporaryJournal();
  await journal.policy.adopt('main', configuredPolicy(configuration));
  await journal.participation.seed(configuredParticipation(configuration));
  const test = await testApi({ journal: async () => journal, ...more });
  const post = (url: string, payload: object, key: string | undefined = 'k1') =>
    test.ask('POST', url, { payload, headers: key === undefined ? {} : { 'idempotency-key': key } });
  return { ...test, journal, post };
}

const looser = { settings: { maxDailyLoss: 0.04 }, reason: 'holidays' };

describe('a write', () => {
  it('changes what the command changes, with the person in the audit trail', async () => {
    const { post, journal } = await withBooks();
    const reply = await post('/api/v1/risk', looser);
    expect([reply.statusCode, reply.json()]).toEqual([
      200,
      { version: 2, changed: [{ key: 'maxDailyLoss', before: '0.05', after: '0.04' }] },
    ]);
    expect((await journal.risk.read('main')).settings.maxDailyLoss).toBe(0.04);
    const trail = await journal.audit.after(0, 100);
    expect(trail.filter(({ via }) => via === 'token:api').map(({ kind, by, reason }) => [kind, by, reason])).toEqual([
      ['request.taken', 'ann', 'holidays'],
      ['risk.changed', 'ann', 'holidays'],
    ]);
    expect(await journal.audit.verify()).toMatchObject({ fault: undefined, differences: [] });
    await journal.close();
  });

  it('is carried out once for a key, and answers the same again', async () => {
    const { post, journal } = await withBooks();
    const first = await post('/api/v1/risk', looser);
    const again = await post('/api/v1/risk', looser);
    expect([again.statusCode, again.json()]).toEqual([200, first.json()]);
    expect([first.headers['idempotency-replayed'], again.headers['idempotency-replayed']]).toEqual([undefined, 'true']);
    expect((await journal.risk.changes('main', 10)).length).toBe(2);
    const other = await post('/api/v1/risk', { ...looser, reason: 'others' });
    expect([other.statusCode, other.json().code]).toEqual([422, 'IdempotencyKeyReused']);
    const elsewhere = await post('/api/v1/policy', looser);
    expect(elsewhere.statusCode).toBeGreaterThanOrEqual(400);
    expect((await journal.risk.changes('main', 10)).length).toBe(2);
    await journal.close();
  });

  it('that comes several times at once is carried out once', async () => {
    const { post, journal } = await withBooks();
    const replies = await Promise.all([1, 2, 3, 4, 5].map(() => post('/api/v1/risk', looser)));
    expect(new Set(replies.map(({ body }) => body)).size).toBe(1);
    expect((await journal.risk.changes('main', 10)).length).toBe(2);
    await journal.close();
  });

  it('that was cut off before its answer was kept is finished by the same key, and acts once', async () => {
    const { journal, post } = await withBooks();
    const { apiRequests } = journal;
    const answer = apiRequests.answer.bind(apiRequests);
    Object.assign(apiRequests, { answer: async () => Promise.reject(new Error('killed')) });
    const first = await post('/api/v1/risk', looser);
    Object.assign(apiRequests, { answer });
    const again = await post('/api/v1/risk', looser);
    expect([again.statusCode, again.json()]).toEqual([200, first.json()]);
    expect((await journal.risk.changes('main', 10)).length).toBe(2);
    await journal.close();
  });

  it('that was refused is refused again, and one that failed for what is away may be tried again', async () => {
    const { post, journal } = await withBooks();
    const wrong = { settings: { maxDailyLoss: 2 }, reason: 'x' };
    const refused = await post('/api/v1/risk', wrong);
    expect([refused.statusCode, refused.json().code]).toEqual([400, 'RiskChangeInvalid']);
    for (const key of ['k2', 'k2']) {
      const reply = await post('/api/v1/schedule/pause', { reason: 'a look' }, key);
      expect([reply.statusCode, reply.json().code]).toEqual([503, 'TemporalAway']);
      expect(reply.headers['idempotency-replayed']).toBeUndefined();
    }
    const stale = { expectedEpoch: 7, reason: 'x' };
    await journal.control.raiseHalt({ requestId: 'r', account: 'main', reason: 'too hot', by: 'bob' });
    expect((await post('/api/v1/resume', stale, 'k3')).statusCode).toBe(503);
    await journal.close();
  });

  it('asks the coordinator by the request id that the key has', async () => {
    const asked: unknown[] = [];
    const { policySchema } = await import('../../contracts/participation.ts');
    const after = policySchema.parse({ quorumCount: 1 });
    const coordinator = {
      setPolicy: async (request: unknown) => {
        asked.push(request);
        if (asked.length === 1) throw new Error('no answer');
        return { version: 2, account: 'main', after, by: 'ann', reason: 'x', changedAt: 1 };
      },
    } as unknown as CoordinatorClient;
    const { post, journal } = await withBooks({ coordinator: async () => coordinator });
    const change = { settings: { minConviction: 0.2, requiredGroups: ['forecasters'] }, reason: 'x' };
    expect((await post('/api/v1/policy', change)).json().code).toBe('CoordinatorAway');
    expect((await post('/api/v1/policy', change)).statusCode).toBe(200);
    expect((await post('/api/v1/policy', change)).headers['idempotency-replayed']).toBe('true');
    expect(asked).toHaveLength(2);
    expect(asked[0]).toEqual(asked[1]);
    expect(asked[0]).toMatchObject({ settings: { minConviction: 0.2, requiredGroups: ['forecasters'] }, by: 'ann' });
    await journal.close();
  });

  it.each([
    ['/api/v1/risk', {}],
    ['/api/v1/risk', { settings: {}, reason: 'x' }],
    ['/api/v1/risk', { settings: { maxDailyLoss: { more: 1 } }, reason: 'x' }],
    ['/api/v1/risk', { settings: { maxDailyLoss: 0.04 } }],
    ['/api/v1/risk', { settings: { maxDailyLoss: 0.04 }, reason: '\u0000' }],
    ['/api/v1/resume', { reason: 'x' }],
    ['/api/v1/resume', { reason: 'x', expectedEpoch: -1 }],
    ['/api/v1/schedule', { intervalSeconds: 5, reason: 'x' }],
    ['/api/v1/schedule/pause', {}],
    ['/api/v1/cycles', { symbols: [] }],
    ['/api/v1/agents/qwen', { reason: 'x' }],
    ['/api/v1/agents/qwen', { reason: 'x', weight: -1 }],
  ])('to %s is refused with %j', async (url, payload) => {
    const { post, journal } = await withBooks();
    const reply = await post(url, payload);
    expect([reply.statusCode, reply.json().code]).toEqual([400, 'InvalidInput']);
    expect((await journal.audit.after(0, 100)).some(({ kind }) => kind === 'request.taken')).toBe(false);
    await journal.close();
  });

  it.each([[undefined], [''], ['with blank'], ['x'.repeat(201)]])('is refused with the key %j', async (key) => {
    const { ask, journal } = await withBooks();
    const headers = key === undefined ? {} : { 'idempotency-key': key };
    const reply = await ask('POST', '/api/v1/risk', { payload: looser, headers });
    expect([reply.statusCode, reply.json().errors[0].at]).toEqual([400, 'headers.idempotency-key']);
    await journal.close();
  });

  it('without the books is refused, since nobody would know that it was carried out', async () => {
    const { ask } = await testApi();
    const reply = await ask('POST', '/api/v1/risk', { payload: looser, headers: { 'idempotency-key': 'k' } });
    expect([reply.statusCode, reply.json().code]).toEqual([503, 'JournalAway']);
  });

  it('acknowledges an incident once, and knows of one that is none', async () => {
    const { post, journal } = await withBooks();
    const reply = await post('/api/v1/incidents/none/acknowledgement', {});
    expect([reply.statusCode, reply.json().code]).toEqual([404, 'NoSuchIncident']);
    const again = await post('/api/v1/incidents/none/acknowledgement', {});
    expect([again.statusCode, again.headers['idempotency-replayed']]).toEqual([404, 'true']);
    await journal.close();
  });
});
