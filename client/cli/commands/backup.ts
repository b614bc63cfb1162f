import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { via } from '../../../contracts/audit.ts';
import { ExitCode, UserError } from '../../../contracts/errors.ts';
import { dataFolder } from '../../../runtime/configuration/folders.ts';
import { listBackups, makeBackup } from '../../../stores/backup/backup.ts';
import { placesOf } from '../../../stores/backup/places.ts';
import { restoreBackup } from '../../../stores/backup/restore.ts';
import { openJournal } from '../../../stores/journal/open.ts';
import { isAlive } from '../../stack/process-identity.ts';
import { readRecord } from '../../stack/run-record.ts';
import { clock } from '../../views/cycle-view.ts';
import { action } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print, progress, table } from '../output.ts';

interface BackupOptions extends OutputOptions {
  out?: string;
}

interface RestoreOptions extends OutputOptions {
  yes?: boolean;
  unsealed?: boolean;
}

async function make({ configuration, journal }: CliContext, options: BackupOptions): Promise<void> {
  const places = { ...placesOf(configuration), journal: (await journal()).id };
  const backups = options.out === undefined ? places.backups : resolve(options.out);
  progress(`Copying warehouse, market buffer and journal to ${backups}`);
  const { folder, manifest } = await makeBackup({ ...places, backups }, { at: Date.now(), scheduled: false });
  const bytes = manifest.files.reduce((total, file) => total + file.bytes, 0);
  print(
    { folder, bytes, files: manifest.files.length },
    options,
    () => `${folder}, ${manifest.files.length} files, ${bytes} bytes`,
  );
}

async function list({ configuration }: CliContext, options: BackupOptions): Promise<void> {
  const backups = options.out === undefined ? placesOf(configuration).backups : resolve(options.out);
  const rows = (await listBackups(backups)).map(({ folder, manifest: { mode, madeAt, engine, scheduled, files } }) => ({
    folder,
    mode,
    madeAt,
    engine,
    scheduled,
    bytes: files.reduce((total, file) => total + file.bytes, 0),
  }));
  print(rows, options, () =>
    table(
      ['made', 'mode', 'books', 'by', 'kB', 'folder'],
      rows.map(({ folder, mode, madeAt, engine, scheduled, bytes }) => [
        clock(madeAt),
        mode,
        engine,
        scheduled ? 'schedule' : 'a person',
        (bytes / 1_000).toFixed(0),
        folder,
      ]),
    ),
  );
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
  progress('Checking every file of the backup');
  const at = Date.now();
  const places = placesOf(configuration);
  const { manifest, origin, aside } = await restoreBackup(resolve(folder), places, at, options);
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
    print({ restored: folder, madeAt: manifest.madeAt, origin, aside, control }, options, () => [
      `Restored the books of ${new Date(manifest.madeAt).toISOString()}; what was there before is in ${aside}.`,
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
      .description('those that are there, newest first')
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
