import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { riskSchema } from '../../contracts/config/schema.ts';
import type { Quantity } from '../../domain/money/money.ts';
import { decimal } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import type { FenceResult } from '../../stores/journal/books/intents.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { fund, leg, planLegs, sending, terms } from '../support/books.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const limits = riskSchema.parse({ maxOrdersPerMinute: 100_000 });

/** The n-th of many small legs. */
function small(n: number | string): OrderLeg {
  return leg({ legId: `sph-${n}`, cycleId: `c-${n}`, quantity: '0.001' });
}

describe.each(adapterNames)('two processes with the same books on %s', (name) => {
  const books = new FreshBooks(name, limits);

  const fence = (journal: Journal, order: OrderLeg): Promise<FenceResult> =>
    journal.intents.openFence(order, terms(order), sending(books.now));

  it('never reserve more than is free, under 20 concurrent plans', async () => {
    // A plan reserves 60.12: sixteen of them fit.
    await fund(books.journal, '1000');
    const both = [books.journal, await books.again()];
    const plans = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => planLegs(both[n % 2] ?? books.journal, small(n))),
    );
    expect(plans.filter(({ status }) => status === 'fulfilled')).toHaveLength(16);
    const refused = plans.filter((plan) => plan.status === 'rejected').map(({ reason }) => String(reason));
    expect(refused.filter((reason) => /needs 60.12 USDT, free are 38.08/.test(reason))).toHaveLength(4);
    const usdt = await books.balance('USDT');
    expect(usdt).toMatchObject({ free: '38.08', reserved: '961.92' });
    expect(decimal(usdt?.free ?? '-1').isNegative()).toBe(false);
  });

  it('open an account at once, whoever of them comes first', async () => {
    const all = [books.journal, await books.again(), await books.again()];
    const accounts = Array.from({ length: 40 }, (_, n) => `fresh-${n}`);
    for (const account of accounts) {
      await Promise.all(
        all.map((journal, n) =>
          journal.ledger.transfer({ reference: `t-${n}`, account, asset: 'USDT', amount: '1', value: '1', at: 0 }),
        ),
      );
      expect(await books.journal.ledger.balances(account)).toMatchObject([{ asset: 'USDT', free: '3' }]);
    }
  });

  it('plan one cycle once', async () => {
    await fund(books.journal);
    const both = [books.journal, await books.again()];
    const plans = await Promise.all(
      Array.from({ length: 10 }, (_, n) => {
        const order = { ...small('one'), quantity: tagged<Quantity>(`0.00${n + 1}`) };
        return planLegs(both[n % 2] ?? books.journal, order);
      }),
    );
    expect(new Set(plans.map((plan) => JSON.stringify(plan))).size).toBe(1);
    expect(plans[0]?.legs).toHaveLength(1);
  });

  it('let one of 20 concurrent attempts of an intent pass', async () => {
    await fund(books.journal);
    await planLegs(books.journal, leg());
    const both = [books.journal, await books.again()];
    const results = await Promise.all(Array.from({ length: 20 }, (_, n) => fence(both[n % 2] ?? books.journal, leg())));
    expect(results.filter(({ passed }) => passed)).toHaveLength(1);
    expect(results.filter((result) => !result.passed && result.code === 'IntentExists')).toHaveLength(19);
  });

  it('let no opening intent pass once a halt is committed, under 50 concurrent fences', async () => {
    await fund(books.journal);
    const orders = Array.from({ length: 50 }, (_, n) => small(n));
    for (const order of orders) await planLegs(books.journal, order);
    const both = [books.journal, await books.again()];
    const third = await books.again();

    let passed = 0;
    let halt: Promise<unknown> | undefined;
    const results = await Promise.all(
      orders.map(async (order, n) => {
        const result = await fence(both[n % 2] ?? books.journal, order);
        if (result.passed) passed += 1;
        if (passed === 5) {
          halt ??= third.control.raiseHalt({ requestId: 'r1', account: 'main', reason: 'test', by: 'me' });
        }
        return result;
      }),
    );
    await halt;

    // The outbox stands in the order of the commits.
    const kinds = (await books.journal.outbox.after(0, 1_000)).map(({ kind }) => kind);
    const halted = kinds.indexOf('trading.halted');
    expect(halted).toBeGreaterThan(0);
    expect(kinds.slice(halted)).not.toContain('order.submitted');
    expect(kinds.filter((kind) => kind === 'order.submitted')).toHaveLength(passed);
    const codes = results.flatMap((result) => (result.passed ? [] : [result.code]));
    expect(new Set(codes)).toEqual(new Set(['StaleEpoch']));
    // Nothing stays reserved of what was refused.
    const open = await books.journal.intents.listOpen('main');
    expect(open).toHaveLength(passed);
    expect(await books.balance('USDT')).toMatchObject({ reserved: decimal('60.12').times(passed).toString() });
  });

  it('halt at once, however many fences come without end', async () => {
    const both = [books.journal, await books.again()];
    const third = await books.again();
    const storming = new AbortController();
    let count = 0;
    const storm = Array.from({ length: 12 }, async (_, n) => {
      while (!storming.signal.aborted) {
        count += 1;
        // Nothing is reserved for it, so that each is refused.
        await fence(both[n % 2] ?? books.journal, small(count));
      }
    });
    await sleep(100);
    const startedAt = performance.now();
    await third.control.raiseHalt({ requestId: 'r1', account: 'main', reason: 'test', by: 'me' });
    const took = performance.now() - startedAt;
    const sent = count;
    await sleep(50);
    storming.abort();
    await Promise.all(storm);
    expect(count).toBeGreaterThan(sent);
    expect(took).toBeLessThan(2_000);
  });

  it('append facts that a reader who remembers the last one misses none of', async () => {
    const writers = [books.journal, await books.again()];
    const reader = await books.again();
    let last = (await reader.outbox.after(0, 1_000)).at(-1)?.sequence ?? 0;
    const seen: string[] = [];
    let written = false;
    const reading = (async () => {
      for (;;) {
        const finished = written;
        const events = await reader.outbox.after(last, 10_000);
        seen.push(...events.map(({ eventId }) => eventId));
        last = events.at(-1)?.sequence ?? last;
        if (finished) return;
        await sleep(0);
      }
    })();
    const wanted = Array.from({ length: 600 }, (_, n) => `fact/${n}`);
    await Promise.all(
      Array.from({ length: 12 }, async (_, writer) => {
        for (const eventId of wanted.filter((_event, n) => n % 12 === writer)) {
          await writers[writer % 2]?.outbox.append([{ eventId, kind: 'test', payload: {} }]);
        }
      }),
    );
    written = true;
    await reading;
    expect(seen.toSorted()).toEqual(wanted.toSorted());
  });

  it('append more facts at once than a statement takes values, each once and in their order', async () => {
    const events = Array.from({ length: 12_000 }, (_, n) => ({ eventId: `fact/${n}`, kind: 'test', payload: { n } }));
    await books.journal.outbox.append(events);
    await books.journal.outbox.append(events.slice(0, 10));
    const written = (await books.journal.outbox.after(0, 20_000)).filter(({ kind }) => kind === 'test');
    expect(written.map(({ eventId }) => eventId)).toEqual(events.map(({ eventId }) => eventId));
  });

  it('do not see what is not committed, nor anything of what failed', async () => {
    const database = await books.database();
    const other = await books.database();
    const count = async (sql: Pick<typeof database, 'row'>): Promise<number> =>
      Number((await sql.row("SELECT count(*) AS n FROM requests WHERE kind = 'test'"))?.['n']);
    const seen: number[] = [];
    await expect(
      database.transaction('main', { ledger: true }, async (transaction) => {
        await transaction.run("INSERT INTO requests (request_id, account, kind, at) VALUES ('t', 'main', 'test', 0)");
        await transaction.emit({ eventId: 'fact', kind: 'test', payload: {} });
        await sleep(20);
        seen.push(await count(transaction), await count(database), await count(other));
        throw new Error('on purpose');
      }),
    ).rejects.toThrow('on purpose');
    expect(seen).toEqual([1, 0, 0]);
    expect(await count(database)).toBe(0);
    expect((await books.journal.outbox.after(0, 100)).map(({ kind }) => kind)).not.toContain('test');
  });

  it('change an account one after the other, whatever a transaction waits for', async () => {
    const both = [await books.database(), await books.database()];
    const steps: string[] = [];
    await Promise.all(
      [0, 1, 2, 3].map(async (n) =>
        both[n % 2]?.transaction('main', { control: 'read', ledger: true }, async () => {
          steps.push(`in`);
          await sleep(5);
          steps.push(`out`);
        }),
      ),
    );
    expect(steps).toEqual(['in', 'out', 'in', 'out', 'in', 'out', 'in', 'out']);
  });

  it('know that they keep the same books', async () => {
    const { id } = books.journal;
    expect((await books.again()).id).toBe(id);
    await books.fresh();
    expect(books.journal.id).not.toBe(id);
    await expect(books.journal.check()).resolves.toBeUndefined();
  });
});
