import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { via } from '../../../contracts/audit.ts';
import type { Configuration } from '../../../contracts/config/schema.ts';
import { ExitCode, UserError } from '../../../contracts/errors.ts';
import { dataFolder } from '../../../runtime/configuration/folders.ts';
import { listAsides } from '../../../stores/backup/asides.ts';
import { listBackups, makeBackup } from '../../../stores/backup/backup.ts';
import { lackingIn } from '../../../stores/backup/lacking.ts';
import { type BackupManifest, booksIn } from '../../../stores/backup/manifest.ts';
import { sizeText } from '../../../stores/backup/meter.ts';
import { dataOf, placesOf } from '../../../stores/backup/places.ts';
import { restoreBackup } from '../../../stores/backup/restore.ts';
import { openJournal } from '../../../stores/journal/open.ts';
import { isAlive } from '../../stack/process-identity.ts';
import { readRecord } from '../../stack/run-record.ts';
import { clock } from '../../views/cycle-view.ts';
import { action } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print, progress } from '../output.ts';
import { table } from '../table.ts';

const DAY_MS = 86_400_000;

interface BackupOptions extends OutputOptions {
  out?: string;
}

interface RestoreOptions extends OutputOptions {
  yes?: boolean;
  unsealed?: boolean;
}

async function make({ configuration, journal }: CliContext, options: BackupOptions): Promise<void> {
  const books = await journal();
  const { id, bindings } = books;
  const places = { ...placesOf(configuration), journal: id, binding: await bindings.read(configuration.account) };
  const backups = options.out === undefined ? places.backups : resolve(options.out);
  const lacking = await lackingIn(places.warehouse, books);
  progress(`Copying warehouse, market buffer and journal to ${backups}`);
  const { folder, manifest } = await makeBackup(
    { ...places, backups },
    { at: Date.now(), scheduled: false, lacking, tell: progress },
  );
  const bytes = bytesOf(manifest);
  const inBooks = booksIn(manifest);
  const packed = inBooks.bytes === inBooks.contentBytes ? '' : `, the books in ${shareOf(inBooks)} of their bytes`;
  print({ folder, bytes, files: manifest.files.length, lacking }, options, () => [
    `${folder}, ${manifest.files.length} files, ${bytes} bytes${packed}`,
    ...lacking.map(lackingLine),
  ]);
}

const lackingLine = (what: string): string =>
  `MISSING in this backup: ${what}. The warehouse of this machine has not got them: that of the first machine may, and a backup made there.`;

const bytesOf = ({ files }: BackupManifest): number => files.reduce((total, { bytes }) => total + bytes, 0);
const shareOf = ({ bytes, contentBytes }: { bytes: number; contentBytes: number }): string =>
  `${((100 * bytes) / contentBytes).toFixed(0)} %`;

async function list({ configuration }: CliContext, options: BackupOptions): Promise<void> {
  const places = placesOf(configuration);
  const backups = options.out === undefined ? places.backups : resolve(options.out);
  const made = (await listBackups(backups)).map(({ folder, manifest }) => {
    const { mode, madeAt, engine, scheduled } = manifest;
    const { contentBytes, bytes: packedBytes } = booksIn(manifest);
    const kind = scheduled ? 'schedule' : 'person';
    return { kind, folder, mode, madeAt, engine, scheduled, bytes: bytesOf(manifest), packedBytes, contentBytes };
  });
  const moved = options.out === undefined ? await listAsides(dataOf(places)) : [];
  const asides = moved.map((aside) => ({ kind: 'before restore', ...aside }));
  print([...made, ...asides], options, () => [
    table(
      ['made', 'mode', 'books', 'by', 'kB', 'packed to', 'folder'],
      made.map((backup) => [
        clock(backup.madeAt),
        backup.mode,
        backup.engine,
        backup.scheduled ? 'schedule' : 'a person',
        (backup.bytes / 1_000).toFixed(0),
        backup.packedBytes === backup.contentBytes ? '' : shareOf({ ...backup, bytes: backup.packedBytes }),
        backup.folder,
      ]),
    ),
    ...asides.map(
      ({ folder, madeAt, bytes }) =>
        `Moved aside by a restore: ${folder}, ${sizeText(bytes)}, ${kept(madeAt, configuration)}`,
    ),
  ]);
}

/** The schedule deletes it with its own backups of that age. */
function kept(at: number, { retention }: Configuration): string {
  return `kept until the backup after ${new Date(at + retention.backupDays * DAY_MS).toISOString()}`;
}

function refuseWhileRunning(): void {
  const record = readRecord(join(dataFolder(), 'run.json'));
  if (!record || !isAlive(record.supervisor)) return;
  throw new UserError(
    'StillRunning',
    'Sapphire is running on these books. Stop it first (Ctrl-C where it was started).',
    ExitCode.refused,
  );
}

/** The exchange has gone on since the backup: nothing trades before a person has seen both agree. */
async function restore({ configuration, user }: CliContext, options: RestoreOptions, folder: string): Promise<void> {
  if (options.yes !== true) {
    throw new UserError(
      'NotConfirmed',
      `This puts the backup ${folder} in the place of the books of ${configuration.account} (${configuration.mode}). Add --yes to have it done.`,
      ExitCode.usage,
    );
  }
  refuseWhileRunning();
  progress('Checking that nobody uses the books, and every file of the backup');
  const at = Date.now();
  const places = placesOf(configuration);
  const { manifest, origin, aside, others } = await restoreBackup(resolve(folder), places, at, {
    unsealed: options.unsealed === true,
    tell: progress,
  });
  if (origin === 'no key')
    progress(
      `Whether Sapphire made this backup cannot be told: there is no ${places.key}. Its files are those of its manifest.`,
    );
  const journal = await openJournal(configuration);
  try {
    const { account } = configuration;
    const reason = `restored from the backup of ${new Date(manifest.madeAt).toISOString()} (${origin})`;
    const control = await journal.control.raiseRestored({
      requestId: `restore/${at}`,
      account,
      reason,
      by: user,
      via: via.os(user),
    });
    // pg_restore replaces what is in the database: nothing of it is left.
    const before = manifest.engine === 'postgres' ? 'the warehouse from before' : 'what was there before';
    const { binding } = manifest;
    print({ restored: folder, madeAt: manifest.madeAt, origin, aside, others, binding, control }, options, () => [
      `Restored the books of ${new Date(manifest.madeAt).toISOString()}; ${before} is in ${aside}, ${kept(at, configuration)}.`,
      ...(others === undefined
        ? []
        : [`They are OTHER books than those that were here: journal ${manifest.journal}, and before it ${others}.`]),
      ...(manifest.lacking ?? []).map(lackingLine),
      ...(binding ? [`They are bound to ${binding.market}, and start with no other account than theirs there.`] : []),
      `Trading is halted at epoch ${control.epoch}: the exchange has gone on since. Start Sapphire, see that books and exchange agree ("sapphire status"), then resume with the epoch that it shows: sapphire resume --epoch ${control.epoch} --reason "…"`,
    ]);
  } finally {
    await journal.close();
  }
}

export function registerBackup(program: Command): void {
  const backup = program
    .command('backup')
    .description('copies of journal, market buffer and warehouse; once a day by schedule');

  action<BackupOptions>(
    backup
      .command('make', { isDefault: true })
      .description('one more, now; it may be done while everything runs')
      .option('--out <folder>', 'another folder than SAPPHIRE_BACKUPS or the data folder’s "backups"')
      .addHelpText('after', '\nExamples:\n  sapphire backup\n  sapphire backup make --out /mnt/elsewhere'),
    make,
  );

  action<BackupOptions>(
    backup
      .command('list')
      .description('those that are there, newest first, and what restores moved aside')
      .option('--out <folder>', 'in another folder'),
    list,
  );

  action<RestoreOptions>(
    program
      .command('restore <folder>')
      .description('put a backup in the place of the books; trading is halted afterwards')
      .option('--yes', 'have it done')
      .option('--unsealed', 'also one that this installation did not make, or that was changed since')
      .addHelpText('after', '\nExample:\n  sapphire restore .sapphire/backups/paper-20261122T023000Z --yes'),
    restore,
  );
}
