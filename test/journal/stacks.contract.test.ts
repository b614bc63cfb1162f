import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Held, StackBook, StackKind, StackPlace, StackTerms } from '../../stores/journal/books/stacks.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { type Adapter, adapterNames, booksOver, opener, startAdapter } from './adapters.ts';

const LEASE_MS = 60_000;
/** Over before the next statement that waits for it. */
const SHORT_MS = 40;

const place = (stackId: string, changes: Partial<StackPlace> = {}): StackPlace => ({
  stackId,
  machine: `machine of ${stackId}`,
  host: `${stackId}.example`,
  folder: `/data/${stackId}`,
  ...changes,
});
const terms = (changes: Partial<StackTerms> = {}): StackTerms => ({
  namespace: 'namespace 1',
  build: 'b1',
  configuration: '{}',
  guardCheck: 'g',
  payloadCheck: 'p',
  coordinatorCheck: 'c',
  ...changes,
});

describe.each(adapterNames)('who runs the books in %s', (name) => {
  let adapter: Adapter;
  let journal: Journal;
  let stacks: StackBook;
  beforeAll(async () => {
    adapter = await startAdapter(name);
  }, 60_000);
  beforeEach(async () => {
    await journal?.close();
    journal = await booksOver(await opener(name, await adapter.place())());
    ({ stacks } = journal);
  });
  afterAll(async () => {
    await journal?.close();
    await adapter?.stop();
  });

  async function claimed(id: string, kind: StackKind = 'first', leaseMs = LEASE_MS): Promise<Held> {
    const outcome = await stacks.claim({ ...place(id), kind }, leaseMs);
    if (!('held' in outcome)) throw new Error(`${id} was refused`);
    return outcome.held;
  }

  it('is one stack, and any number that joined it', async () => {
    await claimed('a');
    expect(await stacks.claim({ ...place('b'), kind: 'first' }, LEASE_MS)).toMatchObject({
      heldBy: { stackId: 'a', host: 'a.example', folder: '/data/a' },
    });
    await claimed('b', 'joined');
    await claimed('c', 'joined');
    expect(await stacks.list()).toMatchObject([
      { stackId: 'a', kind: 'first' },
      { stackId: 'b', kind: 'joined' },
      { stackId: 'c', kind: 'joined' },
    ]);
  });

  it('is one of those that ask at the same time', async () => {
    const outcomes = await Promise.all(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => stacks.claim({ ...place(id), kind: 'first' }, LEASE_MS)),
    );
    expect(outcomes.filter((outcome) => 'held' in outcome)).toHaveLength(1);
    expect(await stacks.list()).toHaveLength(1);
  });

  it('goes back to the same folder of the same machine at once, and ends what held it there', async () => {
    const before = await claimed('a');
    const after = await claimed('a');
    expect(after.fence).toBeGreaterThan(before.fence);
    expect(await stacks.renew(before)).toBe(false);
    expect(await stacks.renew(after)).toBe(true);
    // The end of the old one takes nothing from the new.
    await stacks.release(before);
    expect(await stacks.renew(after)).toBe(true);
  });

  it.each([
    ['another machine', { machine: 'another' }],
    ['another folder', { folder: '/copy' }],
  ])('does not go to a copy of the folder on %s', async (_where, changes) => {
    await claimed('a', 'joined');
    const outcome = await stacks.claim({ ...place('a', changes), kind: 'joined' }, LEASE_MS);
    expect(outcome).toMatchObject({ heldBy: { stackId: 'a', folder: '/data/a' } });
  });

  it('goes to another when the lease has run out, and the one that wakes late finds it gone', async () => {
    const before = await claimed('a', 'first', SHORT_MS);
    await sleep(2 * SHORT_MS);
    const after = await claimed('b');
    expect(after.fence).toBeGreaterThan(before.fence);
    expect(await stacks.agree(after, terms())).toMatchObject({ agreed: true });
    expect(await stacks.renew(before)).toBe(false);
  });

  it('stays with the one that slept where the other is refused before it has agreed', async () => {
    const sleeper = await claimed('a', 'first', SHORT_MS);
    await stacks.agree(sleeper, terms());
    await sleep(2 * SHORT_MS);
    await stacks.release(await claimed('b'));
    expect(await stacks.renew(sleeper)).toBe(true);
  });

  describe.each([
    ['another machine', { machine: 'another' }],
    ['another folder', { folder: '/copy' }],
  ])('that sleeps and has a copy of its folder on %s', (_where, changes) => {
    const copyOf = async (kind: StackKind): Promise<Held> => {
      const outcome = await stacks.claim({ ...place('a', changes), kind }, LEASE_MS);
      if (!('held' in outcome)) throw new Error('the copy was refused');
      return outcome.held;
    };

    it.each(['first', 'joined'] as const)('goes on where the copy came as %s and has not agreed', async (kind) => {
      const sleeper = await claimed('a', 'first', 2_000);
      await stacks.takePart(sleeper, 'engines/freqtrade');
      await stacks.agree(sleeper, terms());
      await sleep(2_100);
      const copy = await copyOf(kind);
      expect(await stacks.renew(sleeper)).toBe(true);
      expect(await stacks.takePart(copy, 'engines/freqtrade')).toMatchObject({ fence: sleeper.fence, ...place('a') });
      expect(await stacks.agree(copy, terms())).toMatchObject({ agreed: false, others: [place('a')] });
      expect(await stacks.list()).toMatchObject([place('a'), place('a', changes)]);
      await stacks.release(copy);
      expect(await stacks.renew(sleeper)).toBe(true);
      expect(await stacks.parts()).toMatchObject([{ fence: sleeper.fence }]);
    });

    it('is ended by the copy that agrees, and only then', async () => {
      const sleeper = await claimed('a', 'joined', SHORT_MS);
      await stacks.agree(sleeper, terms());
      await sleep(2 * SHORT_MS);
      expect(await stacks.agree(await copyOf('joined'), terms())).toMatchObject({ agreed: true });
      expect(await stacks.renew(sleeper)).toBe(false);
      expect(await stacks.list()).toMatchObject([place('a', changes)]);
    });
  });

  it('stays with the one that wakes before the other has agreed', async () => {
    const sleeper = await claimed('a', 'first', 2_000);
    await sleep(2_100);
    const other = await claimed('b');
    expect(await stacks.renew(sleeper)).toBe(true);
    expect(await stacks.agree(other, terms())).toMatchObject({ agreed: false, others: [{ stackId: 'a' }] });
    expect(await stacks.renew(sleeper)).toBe(true);
  });

  it('is kept by a renewal, also one that comes late, as long as nobody else has asked', async () => {
    const held = await claimed('a', 'first', SHORT_MS);
    await sleep(2 * SHORT_MS);
    expect((await stacks.list())[0]?.leftMs).toBeLessThanOrEqual(0);
    expect(await stacks.renew(held)).toBe(true);
    expect((await stacks.list())[0]?.leftMs).toBeGreaterThan(0);
  });

  it('is nobody after the end', async () => {
    await stacks.release(await claimed('a'));
    expect(await stacks.list()).toEqual([]);
    await claimed('b');
  });

  it('says on what terms, and refuses those of another namespace while they live', async () => {
    const first = await claimed('a');
    expect((await stacks.list())[0]).not.toHaveProperty('terms');
    expect(await stacks.agree(first, terms())).toEqual({ agreed: true, others: [] });
    const joined = await claimed('b', 'joined');
    expect(await stacks.agree(joined, terms({ namespace: 'namespace 2' }))).toMatchObject({
      agreed: false,
      others: [{ stackId: 'a' }],
    });
    expect(await stacks.agree(joined, terms())).toMatchObject({ agreed: true });
    // The first comes back with another server, while its old one is still served.
    expect(await stacks.agree(await claimed('a'), terms({ namespace: 'namespace 2' }))).toMatchObject({
      agreed: false,
      others: [{ stackId: 'b' }],
    });
  });

  it.each([
    ['configuration', { configuration: '{"a":"1"}' }],
    ['guard', { guardCheck: 'h' }],
    ['keys to payloads', { payloadCheck: 'q' }],
    ['token', { coordinatorCheck: 'd' }],
  ])(
    'refuses a first of another %s while one lives that joined, and ends it where that sleeps',
    async (_what, other) => {
      const joined = await claimed('b', 'joined', 1_000);
      await stacks.agree(joined, terms());
      const first = await claimed('a');
      expect(await stacks.agree(first, terms(other))).toMatchObject({ agreed: false, others: [{ stackId: 'b' }] });
      expect(await stacks.renew(joined)).toBe(true);
      await sleep(1_100);
      expect(await stacks.agree(first, terms(other))).toMatchObject({ agreed: true });
      expect(await stacks.renew(joined)).toBe(false);
    },
  );

  it('takes a first where those that joined are of a release that did not tell its token', async () => {
    const { coordinatorCheck: _check, ...earlier } = terms();
    const joined = await claimed('b', 'joined');
    await stacks.agree(joined, earlier);
    expect(await stacks.agree(await claimed('a'), terms({ build: 'b2' }))).toMatchObject({ agreed: true });
  });

  it('takes a first of another build, whose configuration may have got more', async () => {
    const joined = await claimed('b', 'joined');
    await stacks.agree(joined, terms());
    const next = terms({ build: 'b2', configuration: '{"a":"1"}' });
    expect(await stacks.agree(await claimed('a'), next)).toMatchObject({ agreed: true });
    expect(await stacks.renew(joined)).toBe(true);
  });

  it('ends those of another namespace that sleep', async () => {
    const sleeper = await claimed('b', 'joined', SHORT_MS);
    await stacks.agree(sleeper, terms());
    await sleep(2 * SHORT_MS);
    expect(await stacks.agree(await claimed('a'), terms({ namespace: 'namespace 2' }))).toMatchObject({ agreed: true });
    expect(await stacks.renew(sleeper)).toBe(false);
  });

  it('lets one of that namespace that slept go on', async () => {
    const sleeper = await claimed('b', 'joined', SHORT_MS);
    await stacks.agree(sleeper, terms());
    await sleep(2 * SHORT_MS);
    await stacks.agree(await claimed('a'), terms());
    expect(await stacks.renew(sleeper)).toBe(true);
  });

  it('gives what may run once to one of them, for as long as that lives', async () => {
    const first = await claimed('a');
    const second = await claimed('b', 'joined', 2_000);
    expect(await stacks.takePart(second, 'engines/freqtrade')).toMatchObject({ stackId: 'b' });
    expect(await stacks.takePart(first, 'engines/freqtrade')).toMatchObject({ stackId: 'b' });
    expect(await stacks.takePart(first, 'engines/hummingbot')).toMatchObject({ stackId: 'a' });
    expect(await stacks.parts()).toEqual([
      { part: 'engines/freqtrade', fence: second.fence },
      { part: 'engines/hummingbot', fence: first.fence },
    ]);
    await sleep(2_100);
    expect(await stacks.takePart(first, 'engines/freqtrade')).toMatchObject({ stackId: 'a' });
    await stacks.release(first);
    expect(await stacks.parts()).toEqual([]);
    expect(await stacks.takePart(await claimed('c', 'joined'), 'engines/freqtrade')).toMatchObject({ stackId: 'c' });
  });

  it('gives nothing to one whose claim was lost', async () => {
    const before = await claimed('a');
    await claimed('a');
    expect(await stacks.takePart(before, 'engines/freqtrade')).toBeUndefined();
    expect(await stacks.agree(before, terms())).toMatchObject({ agreed: false });
  });
});

describe('leases of several machines', () => {
  it('go by the clock of the database, not by theirs', async () => {
    const adapter = await startAdapter('postgres');
    const open = opener('postgres', await adapter.place());
    const books = await Promise.all(
      [0, 3_600_000, -3_600_000].map(async (wrongBy) => booksOver(await open(() => Date.now() + wrongBy))),
    );
    const [right, ahead, behind] = books.map(({ stacks }) => stacks);
    await right?.claim({ ...place('a'), kind: 'first' }, LEASE_MS);
    expect(await ahead?.claim({ ...place('b'), kind: 'first' }, LEASE_MS)).toHaveProperty('heldBy');
    expect(await behind?.claim({ ...place('b'), kind: 'first' }, LEASE_MS)).toHaveProperty('heldBy');
    for (const each of books) await each.close();
    await adapter.stop();
  });

  it('of SQLite that were taken before the clock was set back have run out', async () => {
    const adapter = await startAdapter('sqlite');
    const file = await adapter.place();
    let at = Date.now();
    const books = await booksOver(await opener('sqlite', file)(() => at));
    await books.stacks.claim({ ...place('a'), kind: 'first' }, LEASE_MS);
    at -= 3_600_000;
    expect(await books.stacks.claim({ ...place('b'), kind: 'first' }, LEASE_MS)).toHaveProperty('held');
    await books.close();
  });
});
