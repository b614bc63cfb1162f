import { describe, expect, it } from 'vitest';
import { via } from '../../contracts/audit.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const DAY_MS = 86_400_000;

describe.each(adapterNames)('requests of the API in %s', (name) => {
  const books = new FreshBooks(name);
  const asked = { route: 'POST /api/v1/risk', body: { settings: {} }, reason: 'because', via: via.token('api') };
  const take = (key: string, digest = 'one', person = 'ann') =>
    books.journal.apiRequests.take({ person, key, digest, asked });
  const entries = async () => (await books.journal.audit.after(0, 100)).filter(({ kind }) => kind === 'request.taken');

  it('are taken once, by one request id until they are answered, and stand in the audit trail once', async () => {
    const first = await take('k');
    expect(first).toMatchObject({ state: 'taken', at: 1_000_000, isAgain: false });
    books.now += 5;
    expect(await take('k')).toEqual({ ...first, isAgain: true });
    await books.journal.apiRequests.answer({ person: 'ann', key: 'k' }, { status: 200, answer: '{"version":2}' });
    await books.journal.apiRequests.answer({ person: 'ann', key: 'k' }, { status: 409, answer: '{}' });
    expect(await take('k')).toEqual({ state: 'answered', status: 200, answer: '{"version":2}' });
    expect(await entries()).toMatchObject([{ by: 'ann', reason: 'because', via: 'token:api' }]);
    expect((await books.journal.audit.verify()).fault).toBeUndefined();
  });

  it('are refused where the key was used for something else, and are each person’s own', async () => {
    await take('k');
    expect(await take('k', 'other')).toEqual({ state: 'other' });
    expect(await take('k', 'other', 'bob')).toMatchObject({ state: 'taken', isAgain: false });
    expect((await entries()).length).toBe(2);
  });

  it('are taken once of several that come at the same moment', async () => {
    const other = await books.again();
    const request = { person: 'ann', key: 'k', digest: 'one', asked };
    const taken = await Promise.all([
      ...[1, 2, 3].map(() => take('k')),
      ...[1, 2, 3].map(() => other.apiRequests.take(request)),
    ]);
    const ids = taken.map((one) => (one.state === 'taken' ? one.requestId : one.state));
    expect(new Set(ids).size).toBe(1);
    expect(taken.filter((one) => one.state === 'taken' && !one.isAgain)).toHaveLength(1);
    expect((await entries()).length).toBe(1);
  });

  it('are known for a week', async () => {
    await take('k');
    books.now += 7 * DAY_MS;
    expect(await take('k', 'other')).toEqual({ state: 'other' });
    books.now += 1;
    expect(await take('k', 'other')).toMatchObject({ state: 'taken', isAgain: false });
  });
});
