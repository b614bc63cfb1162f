import { rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createProgram } from '../../client/cli/program.ts';
import { ExitCode } from '../../contracts/errors.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { placesOf } from '../../stores/backup/places.ts';
import { restoreBackup } from '../../stores/backup/restore.ts';
import { journalFile, openJournal } from '../../stores/journal/open.ts';
import { openMarketBuffer } from '../../stores/market-buffer/open.ts';
import { temporaryFolder } from '../support/books.ts';

const original = { ...process.env };
let written = '';
beforeAll(() => {
  process.env['SAPPHIRE_DATA'] = temporaryFolder();
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => (written += String(text)) !== '');
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterAll(() => {
  vi.restoreAllMocks();
  process.env = original;
  process.exitCode = 0;
});

async function run(...args: string[]): Promise<string> {
  written = '';
  await (await createProgram(args[0])).parseAsync(args, { from: 'user' });
  return written;
}

it('a restore names the halt that it leaves, and the command that ends it', async () => {
  const journal = await openJournal(loadConfiguration());
  await journal.control.raiseHalt({ requestId: 'h', account: 'main', reason: 'too hot', by: 'ann' });
  await (await openMarketBuffer(loadConfiguration(), journal.id)).close();
  await journal.close();
  const { folder } = JSON.parse(await run('backup', 'make', '--json')) as { folder: string };
  const said = await run('restore', folder, '--yes');
  const [, aside] = /what was there before is in (\S+), kept until the backup after \d{4}-/.exec(said) ?? [];
  expect(await run('backup', 'list')).toMatch(
    new RegExp(
      `a person +\\d+ +\\d+ % +${folder}\nMoved aside by a restore: ${aside}, \\d.*B, kept until the backup after`,
    ),
  );
  expect(JSON.parse(await run('backup', 'list', '--json'))).toMatchObject([
    { kind: 'person', folder, scheduled: false },
    { kind: 'before restore', folder: aside },
  ]);
  const [, epoch] = /sapphire resume --epoch (\d+) --reason/.exec(said) ?? [];
  expect(said).toContain(`Trading is halted at epoch ${epoch}: the exchange has gone on since.`);
  const restored = await openJournal(loadConfiguration());
  expect(await restored.control.read('main')).toMatchObject({ tradingState: 'halted', epoch: Number(epoch) });
  await restored.close();
});

it('a restore says which books it puts in the place of others, and to what they are bound', async () => {
  const journal = await openJournal(loadConfiguration());
  const identity = { venue: 'binance', market: 'paper exchange 1000000001', fingerprint: 'a'.repeat(64) };
  await journal.bindings.bind({ account: 'main', identity, by: 'npm start', via: 'system:npm start' });
  await journal.close();
  const { folder } = JSON.parse(await run('backup', 'make', '--json')) as { folder: string };
  const again = await run('restore', folder, '--yes');
  expect(again).toContain('They are bound to paper exchange 1000000001, and start with no other account than theirs');
  expect(again).not.toContain('OTHER books');

  for (const end of ['', '-wal', '-shm']) rmSync(`${journalFile()}${end}`, { force: true });
  const others = await openJournal(loadConfiguration());
  await others.close();
  expect(await run('restore', folder, '--yes')).toContain(
    `They are OTHER books than those that were here: journal ${journal.id}, and before it ${others.id}.`,
  );
});

it('goes back to what a restore replaced, once, and says how that is undone', async () => {
  const journal = await openJournal(loadConfiguration());
  const control = { requestId: 'late', account: 'main', reason: 'seen late', by: 'ann' };
  await journal.close();
  const { folder } = JSON.parse(await run('backup', 'make', '--json')) as { folder: string };
  const late = await openJournal(loadConfiguration());
  await late.control.raiseHalt(control);
  await late.close();
  const restored = JSON.parse(await run('restore', folder, '--yes', '--json')) as { control: { epoch: number } };

  expect(await run('restore', '--back')).toBe('');
  expect(process.exitCode).toBe(2);
  const said = await run('restore', '--back', '--yes');
  const [, aside = ''] = /To undo this: \.\/sapphire restore --back (\S+) --yes/.exec(said) ?? [];
  const [, epoch = ''] = /Trading is halted at epoch (\d+)/.exec(said) ?? [];
  // Beyond all that was decided in the restored books.
  expect(Number(epoch)).toBeGreaterThan(restored.control.epoch + 900_000);
  const found = await openJournal(loadConfiguration());
  const kinds = (await found.audit.after(0, 1_000)).map(({ payload }) => JSON.stringify(payload));
  expect(kinds.some((payload) => payload.includes('seen late'))).toBe(true);
  await found.close();

  expect(await run('restore', '--back', '--yes')).toContain('was gone back from already: nothing was changed');
  expect(await run('restore', '--back', aside, '--yes')).toContain('are in their place again');
  const undone = await openJournal(loadConfiguration());
  expect((await undone.control.read('main')).reason).toContain('went back to the books that were moved aside at');
  await undone.close();
});

/** Restored as far as the files go, and then killed. */
async function backUpAndCutOff(): Promise<string> {
  process.env['SAPPHIRE_DATA'] = temporaryFolder();
  await (await openJournal(loadConfiguration())).close();
  const { folder } = JSON.parse(await run('backup', 'make', '--json')) as { folder: string };
  await restoreBackup(folder, placesOf(loadConfiguration()), Date.now());
  return folder;
}
const epochOf = async (...command: string[]): Promise<number> =>
  (JSON.parse(await run(...command, '--yes', '--json')) as { control: { epoch: number } }).control.epoch;

it('books whose restore was killed before they were halted are opened by nobody, and are completed', async () => {
  const folder = await backUpAndCutOff();
  const refusal = { code: 'RestoreUnfinished', message: expect.stringContaining(`./sapphire restore ${folder} --yes`) };
  await expect(openJournal(loadConfiguration())).rejects.toMatchObject(refusal);
  await run('orders');
  expect(process.exitCode).toBe(ExitCode.refused);
  expect(await run('stop', '--break-glass', '--wait', '1', '--reason', 'test')).toContain('NOT FENCED');

  expect(await epochOf('restore', folder)).toBe(1_000_001);
  const journal = await openJournal(loadConfiguration());
  expect(await journal.control.read('main')).toMatchObject({ tradingState: 'halted', epoch: 1_000_001 });
  await journal.close();
});

it('a life begins beyond that of books which cannot be read any more', async () => {
  const folder = await backUpAndCutOff();
  expect(await epochOf('restore', folder)).toBe(1_000_001);
  writeFileSync(journalFile(), 'damaged '.repeat(10_000));
  expect(await epochOf('restore', folder)).toBe(2_000_001);
});
