import {
  isOtherToken,
  isSamePlace,
  type Stack,
  type StackBook,
  type StackKind,
  type StackTerms,
} from '../books/stacks.ts';
import type { Database, Row, Sql, Transaction } from './database.ts';

/** What was not heard of for so long, and did not say that it ended, is forgotten. */
const FORGOTTEN_MS = 86_400_000;
/** A lease of which a greater share is left is not written anew. */
const FRESH = 0.85;

function toStack(row: Row, now: number): Stack {
  const terms = row['terms'];
  return {
    stackId: String(row['stack_id']),
    fence: Number(row['fence']),
    kind: String(row['kind']) as StackKind,
    machine: String(row['machine']),
    host: String(row['host']),
    folder: String(row['folder']),
    ...(terms === null ? {} : { terms: JSON.parse(String(terms)) as StackTerms }),
    startedAt: Number(row['started_at']),
    heardAt: Number(row['heard_at']),
    leftMs: leftOf(row, now),
  };
}

/** What lasts so long was taken before a clock was set back: it has run out. */
function leftOf(row: Row, now: number): number {
  const leftMs = Number(row['until']) - now;
  return leftMs > 2 * Number(row['lease_ms']) ? 0 : leftMs;
}

async function list(sql: Sql, now: number): Promise<Stack[]> {
  const rows = await sql.rows('SELECT * FROM stacks WHERE heard_at > ? ORDER BY fence', now - FORGOTTEN_MS);
  return rows.map((row) => toStack(row, now));
}

/** Whether the two may not work at the same time. One of another build gets nothing new, whatever its configuration. */
function isUnlike(terms: StackTerms, other: StackTerms | undefined): boolean {
  if (!other) return false;
  const isOfThisBuild = terms.build === other.build;
  return (
    terms.namespace !== other.namespace ||
    terms.guardCheck !== other.guardCheck ||
    terms.payloadCheck !== other.payloadCheck ||
    isOtherToken(terms, other) ||
    (isOfThisBuild && terms.configuration !== other.configuration)
  );
}

/** Each claim holds the row until its commit, so that one comes after the other. */
async function nextFence(transaction: Transaction): Promise<number> {
  await transaction.run(
    `INSERT INTO meta (name, value) VALUES ('stack_fence', '1')
     ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(meta.value AS INTEGER) + 1 AS TEXT)`,
  );
  const row = await transaction.row("SELECT value FROM meta WHERE name = 'stack_fence'");
  return Number(row?.['value']);
}

export function createStackBook(database: Database): StackBook {
  return {
    claim: ({ stackId, machine, host, folder, kind }, leaseMs) =>
      database.transaction('', {}, async (transaction) => {
        const fence = await nextFence(transaction);
        const now = await transaction.clock();
        const isOwn = (other: Stack): boolean => isSamePlace(other, { stackId, machine, folder });
        const isInTheWay = (other: Stack): boolean =>
          !isOwn(other) &&
          other.leftMs > 0 &&
          (other.stackId === stackId || (kind === 'first' && other.kind === 'first'));
        const known = await list(transaction, now);
        const heldBy = known.find(isInTheWay);
        if (heldBy) return { heldBy };
        // Its row stays until this start has agreed: one that is refused before that ends nobody.
        const after = kind === 'first' ? known.find((other) => other.kind === 'first' && !isOwn(other)) : undefined;
        await transaction.run(
          'DELETE FROM stacks WHERE stack_id = ? AND machine = ? AND folder = ?',
          stackId,
          machine,
          folder,
        );
        await transaction.run(
          `INSERT INTO stacks (stack_id, fence, kind, machine, host, folder, terms, started_at, heard_at, until, lease_ms)
           VALUES (?, ?, ?, ?, ?, ?, NULL, ?, ?, ?, ?)`,
          stackId,
          fence,
          kind,
          machine,
          host,
          folder,
          now,
          now,
          now + leaseMs,
          leaseMs,
        );
        return { held: { stackId, fence }, ...(after ? { after } : {}) };
      }),

    agree: (held, terms) =>
      database.transaction('', {}, async (transaction) => {
        await nextFence(transaction);
        const now = await transaction.clock();
        const known = await list(transaction, now);
        const own = known.find(({ stackId, fence }) => stackId === held.stackId && fence === held.fence);
        if (!own) return { agreed: false, others: [] };
        // A first that wakes after this finds its row gone. Of those that joined, one may have slept: it goes on where nothing has changed.
        const inTheWay = known.filter(
          (other) =>
            other.fence !== own.fence &&
            (other.stackId === own.stackId ||
              (own.kind === 'first' && other.kind === 'first') ||
              isUnlike(terms, other.terms)),
        );
        const others = inTheWay.filter(({ leftMs }) => leftMs > 0);
        if (others.length > 0) return { agreed: false, others };
        for (const { stackId, fence } of inTheWay)
          await transaction.run('DELETE FROM stacks WHERE stack_id = ? AND fence = ?', stackId, fence);
        await transaction.run('DELETE FROM stacks WHERE heard_at <= ?', now - FORGOTTEN_MS);
        const changed = await transaction.run(
          'UPDATE stacks SET terms = ? WHERE stack_id = ? AND fence = ?',
          JSON.stringify(terms),
          held.stackId,
          held.fence,
        );
        return { agreed: changed > 0, others: [] };
      }),

    async renew({ stackId, fence }) {
      const row = await database.row('SELECT * FROM stacks WHERE stack_id = ? AND fence = ?', stackId, fence);
      if (!row) return false;
      const now = await database.clock();
      const leaseMs = Number(row['lease_ms']);
      const leftMs = leftOf(row, now);
      // Every process of a stack renews it: one of them in turn is enough.
      if (leftMs > leaseMs * FRESH && leftMs <= leaseMs) return true;
      const renewed = await database.run(
        'UPDATE stacks SET heard_at = ?, until = ? WHERE stack_id = ? AND fence = ?',
        now,
        now + leaseMs,
        stackId,
        fence,
      );
      return renewed > 0;
    },

    release: ({ stackId, fence }) =>
      database.transaction('', {}, async (transaction) => {
        await transaction.run('DELETE FROM stack_parts WHERE stack_id = ? AND fence = ?', stackId, fence);
        await transaction.run('DELETE FROM stacks WHERE stack_id = ? AND fence = ?', stackId, fence);
      }),

    list: async () => list(database, await database.clock()),

    takePart: (held, part) =>
      database.transaction('', {}, async (transaction) => {
        await nextFence(transaction);
        const stacks = await list(transaction, await transaction.clock());
        const own = stacks.find(({ stackId, fence }) => stackId === held.stackId && fence === held.fence);
        const row = await transaction.row('SELECT stack_id, fence FROM stack_parts WHERE part = ?', part);
        const holder = stacks.find(
          ({ stackId, fence, leftMs }) => stackId === row?.['stack_id'] && fence === Number(row['fence']) && leftMs > 0,
        );
        if (holder || !own) return holder;
        await transaction.run(
          `INSERT INTO stack_parts (part, stack_id, fence) VALUES (?, ?, ?)
           ON CONFLICT (part) DO UPDATE SET stack_id = excluded.stack_id, fence = excluded.fence`,
          part,
          held.stackId,
          held.fence,
        );
        return own;
      }),

    async parts() {
      const rows = await database.rows(
        'SELECT part, stack_parts.fence FROM stack_parts JOIN stacks USING (stack_id, fence) ORDER BY part',
      );
      return rows.map((row) => ({ part: String(row['part']), fence: Number(row['fence']) }));
    },
  };
}
