import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ExitCode } from '../../contracts/errors.ts';
import { defaultParticipation } from '../../domain/consensus/participation.ts';
import { journalSchema } from '../../stores/journal/sql/migrations.ts';
import { openSqliteDatabase } from '../../stores/journal/sqlite/database.ts';
import { openSqliteJournal } from '../../stores/journal/sqlite/journal.ts';
import { PAPER, temporaryFolder } from '../support/books.ts';

const emptyPlace = (): string => join(temporaryFolder(), 'journal.db');

/** Opens the journal, closes it, and changes its file by hand. */
async function madeBy(file: string, sql: string): Promise<void> {
  await (await openSqliteJournal(file, PAPER)).close();
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

describe('a journal in a file', () => {
  it('is refused when a newer release wrote it', async () => {
    const file = emptyPlace();
    await madeBy(file, 'INSERT INTO migrations (version, applied_at) VALUES (99, 0)');
    await expect(openSqliteJournal(file, PAPER)).rejects.toMatchObject({
      code: 'JournalTooNew',
      message: expect.stringMatching(
        /^The journal was written by a newer release \(schema 99, this one knows \d+\): start that release again\.$/,
      ),
    });
  });

  it('of an earlier release is brought up to date, with what it says of who takes part', async () => {
    const file = emptyPlace();
    const first = { ...journalSchema, migrations: journalSchema.migrations.slice(0, 1) };
    const earlier = await openSqliteDatabase(file, PAPER, Date.now, first);
    await earlier.run("INSERT INTO participation VALUES ('qwen', 0, '2.5'), ('deepseek', 1, '1')");
    await earlier.close();
    const journal = await openSqliteJournal(file, PAPER);
    const { agents } = await journal.participation.read();
    expect(agents).toEqual({
      qwen: { ...defaultParticipation('qwen'), enabled: false, weight: 2.5 },
      deepseek: defaultParticipation('deepseek'),
    });
    expect(await journal.modelCalls.list({ limit: 1 })).toEqual([]);
    await journal.close();
  });

  it('is refused on another machine, with the way out', async () => {
    const file = emptyPlace();
    await madeBy(file, "UPDATE meta SET value = 'elsewhere' WHERE name = 'machine'");
    await expect(openSqliteJournal(file, PAPER)).rejects.toMatchObject({
      code: 'JournalOfAnotherMachine',
      message: expect.stringMatching(/PostgreSQL \(SAPPHIRE_JOURNAL_URL\)/),
    });
  });

  it('is refused when the file is something else', async () => {
    const file = emptyPlace();
    writeFileSync(file, 'no database, but long enough to be taken for one'.repeat(100));
    await expect(openSqliteJournal(file, PAPER)).rejects.toMatchObject({ code: 'JournalUnusable' });
  });

  it('that another process holds is said to be held, and nobody is told to restore it or to move it away', async () => {
    const file = emptyPlace();
    const opened = await openSqliteJournal(file, PAPER);
    const holder = new DatabaseSync(file);
    holder.exec('BEGIN IMMEDIATE');
    const halt = { requestId: 'a', account: 'main', reason: 'x', by: 'y' };
    const attempts = [openSqliteJournal(file, PAPER), opened.control.raiseHalt(halt)];
    for (const { reason: refused } of (await Promise.allSettled(attempts)) as PromiseRejectedResult[]) {
      expect(refused).toMatchObject({ code: 'JournalBusy', exitCode: ExitCode.unhealthy });
      expect(String(refused)).toContain('is locked: another process has held it for longer than 5 s');
      expect(String(refused)).not.toMatch(/restore|move it away/i);
    }
    await opened.close();
    holder.exec('ROLLBACK');
    await (await openSqliteJournal(file, PAPER)).close();
    holder.close();
  });

  it('keeps what it was told when it is opened again', async () => {
    const file = emptyPlace();
    const first = await openSqliteJournal(file, PAPER);
    await first.control.raiseHalt({ requestId: 'r1', account: 'main', reason: 'test', by: 'me' });
    await first.close();
    const second = await openSqliteJournal(file, PAPER);
    expect(second.id).toBe(first.id);
    expect(await second.control.read('main')).toMatchObject({ tradingState: 'halted', epoch: 1 });
    await second.close();
  });

  it('is on disk with every commit', async () => {
    const database = await openSqliteDatabase(emptyPlace(), PAPER);
    const pragmas = await database.transaction('main', {}, async (transaction) => [
      await transaction.row('PRAGMA synchronous'),
      await transaction.row('PRAGMA journal_mode'),
    ]);
    expect(pragmas).toEqual([{ synchronous: 2 }, { journal_mode: 'wal' }]);
    await database.close();
  });

  it('is made once by six processes that start together', async () => {
    const file = emptyPlace();
    const module = new URL('../../stores/journal/sqlite/journal.ts', import.meta.url).href;
    const script = `const { openSqliteJournal } = await import(${JSON.stringify(module)});
      const journal = await openSqliteJournal(${JSON.stringify(file)}, ${JSON.stringify(PAPER)});
      console.log(journal.id);
      await journal.close();`;
    const ids = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'pipe' });
        const output: string[] = [];
        child.stdout.on('data', (data) => output.push(String(data)));
        child.stderr.on('data', (data) => output.push(String(data)));
        await once(child, 'close');
        return output.join('').trim();
      }),
    );
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(ids).size).toBe(1);
  });

  it('leaves timers and sockets their turn between the transactions of a long queue', async () => {
    const database = await openSqliteDatabase(emptyPlace(), PAPER);
    let done = 0;
    const queue = Array.from({ length: 200 }, () =>
      database.transaction('main', {}, async () => {
        done += 1;
      }),
    );
    await sleep(1);
    expect(done).toBeLessThan(200);
    await Promise.all(queue);
    expect(done).toBe(200);
    await database.close();
  });
});
