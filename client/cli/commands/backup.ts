import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Configuration } from '../../../contracts/config/schema.ts';
import { listAsides } from '../../../stores/backup/asides.ts';
import { listBackups, makeBackup } from '../../../stores/backup/backup.ts';
import { lackingIn } from '../../../stores/backup/lacking.ts';
import { type BackupManifest, booksIn } from '../../../stores/backup/manifest.ts';
import { sizeText } from '../../../stores/backup/meter.ts';
import { dataOf, placesOf } from '../../../stores/backup/places.ts';
import { clock } from '../../views/cycle-view.ts';
import { action } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print, progress } from '../output.ts';
import { table } from '../table.ts';

const DAY_MS = 86_400_000;

interface BackupOptions extends OutputOptions {
  out?: string;
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

export const lackingLine = (what: string): string =>
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
  const asides = moved.map(({ by, ...aside }) => ({
    kind: by === 'restore' ? 'before restore' : 'before going back',
    ...aside,
  }));
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
      ({ kind, folder, madeAt, bytes }) =>
        `Moved aside by ${kind === 'before restore' ? 'a restore' : 'going back'}: ${folder}, ${sizeText(bytes)}, ${kept(madeAt, configuration)}`,
    ),
  ]);
}

/** The schedule deletes it with its own backups of that age. */
export function kept(at: number, { retention }: Configuration): string {
  return `kept until the backup after ${new Date(at + retention.backupDays * DAY_MS).toISOString()}`;
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
      .addHelpText('after', '\nExamples:\n  ./sapphire backup\n  ./sapphire backup make --out /mnt/elsewhere'),
    make,
  );

  action<BackupOptions>(
    backup
      .command('list')
      .description('those that are there, newest first, and what restores moved aside')
      .option('--out <folder>', 'in another folder'),
    list,
  );
}
