import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { via } from '../../../contracts/audit.ts';
import type { Configuration } from '../../../contracts/config/schema.ts';
import { UserError } from '../../../contracts/errors.ts';
import { dataFolder } from '../../../runtime/configuration/folders.ts';
import { goBack } from '../../../stores/backup/go-back.ts';
import { placesOf } from '../../../stores/backup/places.ts';
import { completeReplacement, type Replaced } from '../../../stores/backup/replace.ts';
import { restoreBackup } from '../../../stores/backup/restore.ts';
import type { ControlState } from '../../../stores/journal/books/control.ts';
import { keptBooks } from '../../../stores/journal/kept-books.ts';
import { keepJournal, openReplacedJournal } from '../../../stores/journal/open.ts';
import { isAlive } from '../../stack/process-identity.ts';
import { readRecord } from '../../stack/run-record.ts';
import { action } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print, progress } from '../output.ts';
import { kept, lackingLine } from './backup.ts';

interface RestoreOptions extends OutputOptions {
  yes?: boolean;
  unsealed?: boolean;
  back?: boolean;
}

/** Before anything is changed. */
function refuseUnready(): void {
  keptBooks();
  const record = readRecord(join(dataFolder(), 'run.json'));
  if (!record || !isAlive(record.supervisor)) return;
  throw new UserError(
    'StillRunning',
    'Sapphire is running on these books. Stop it first (Ctrl-C where it was started).',
  );
}

function refuseUnconfirmed({ account, mode }: Configuration, { yes }: RestoreOptions, what: string): void {
  if (yes === true) return;
  throw new UserError(
    'NotConfirmed',
    `This puts ${what} in the place of the books of ${account} (${mode}). Add --yes to have it done.`,
  );
}

/** The exchange has gone on since they were written: nothing trades before a person has seen both agree. */
async function haltReplaced(
  { configuration, user }: CliContext,
  reason: string,
  { former }: Replaced,
  at: number,
): Promise<{ control: ControlState; journal: string }> {
  const journal = await openReplacedJournal(configuration);
  try {
    const { account } = configuration;
    const request = { requestId: `restore/${at}`, account, reason, by: user, via: via.os(user) };
    const beyond = Math.max(former?.epoch ?? 0, keptBooks()?.restoredEpoch ?? 0);
    const control = await journal.control.raiseRestored({ ...request, beyond });
    keepJournal(journal, control.epoch);
    await completeReplacement(placesOf(configuration));
    return { control, journal: journal.id };
  } finally {
    await journal.close();
  }
}

const haltedLine = ({ epoch }: ControlState): string =>
  `Trading is halted at epoch ${epoch}: the exchange has gone on since. Start Sapphire: trades that these books do not know, and that bear ids of theirs, are booked then. See that books and exchange agree ("./sapphire reconcile", which takes over what nothing explains), then resume with the epoch that it shows: ./sapphire resume --epoch ${epoch} --reason "…"`;

const othersLine = (now: string, { former }: Replaced): string[] =>
  former === undefined || former.journal === now
    ? []
    : [`They are OTHER books than those that were here: journal ${now}, and before it ${former.journal}.`];

async function restore(context: CliContext, options: RestoreOptions, folder: string): Promise<void> {
  const { configuration } = context;
  refuseUnconfirmed(configuration, options, `the backup ${folder}`);
  refuseUnready();
  progress('Checking that nobody uses the books, and every file of the backup');
  const at = Date.now();
  const places = placesOf(configuration);
  const restored = await restoreBackup(resolve(folder), places, at, {
    unsealed: options.unsealed === true,
    tell: progress,
  });
  const { manifest, origin, aside } = restored;
  if (origin === 'no key')
    progress(
      `Whether Sapphire made this backup cannot be told: there is no ${places.key}. Its files are those of its manifest.`,
    );
  const madeAt = new Date(manifest.madeAt).toISOString();
  const { control, journal } = await haltReplaced(
    context,
    `restored from the backup of ${madeAt} (${origin})`,
    restored,
    at,
  );
  const { binding } = manifest;
  const [others] = othersLine(journal, restored).length > 0 ? [restored.former?.journal] : [];
  print({ restored: folder, madeAt: manifest.madeAt, origin, aside, others, binding, control }, options, () => [
    `Restored the books of ${madeAt}; what was there before is in ${aside}, ${kept(at, configuration)}. The way back: ./sapphire restore --back --yes`,
    ...othersLine(journal, restored),
    ...(manifest.lacking ?? []).map(lackingLine),
    ...(binding ? [`They are bound to ${binding.market}, and start with no other account than theirs there.`] : []),
    haltedLine(control),
  ]);
}

async function back(context: CliContext, options: RestoreOptions, folder?: string): Promise<void> {
  const { configuration } = context;
  refuseUnconfirmed(configuration, options, folder ?? 'what the last restore moved aside');
  refuseUnready();
  progress('Checking that nobody uses the books');
  const at = Date.now();
  const named = folder === undefined ? {} : { named: resolve(folder) };
  const went = await goBack(placesOf(configuration), at, { ...named, tell: progress });
  if (!went) {
    print({ back: false }, options, () => [
      'The last restore was gone back from already: nothing was changed. "./sapphire backup list" shows what was moved aside, and "./sapphire restore --back FOLDER --yes" puts it back.',
    ]);
    return;
  }
  const { from, aside } = went;
  const movedAt = new Date(from.madeAt).toISOString();
  const reason = `went back to the books that were moved aside at ${movedAt}`;
  const { control, journal } = await haltReplaced(context, reason, went, at);
  print({ back: true, from: from.folder, movedAt: from.madeAt, aside, control }, options, () => [
    `The books that were moved aside at ${movedAt} are in their place again; those that stood there are in ${aside}, ${kept(at, configuration)}. To undo this: ./sapphire restore --back ${aside} --yes`,
    ...othersLine(journal, went),
    haltedLine(control),
  ]);
}

export function registerRestore(program: Command): void {
  action<RestoreOptions, [string?]>(
    program
      .command('restore [folder]')
      .description('put a backup in the place of the books, or back what a restore replaced; trading is halted then')
      .option('--yes', 'have it done')
      .option('--unsealed', 'also one that this installation did not make, or that was changed since')
      .option('--back', 'what the last restore moved aside, or the folder of another, is put in its place again')
      .addHelpText(
        'after',
        `
What stands in the way is moved aside and kept for as long as the schedule keeps its backups, so that each of both can be undone.

Examples:
  ./sapphire restore .sapphire/backups/paper-20261122T023000Z --yes
  ./sapphire restore --back --yes`,
      ),
    async (context, options, folder) => {
      if (options.back === true) return back(context, options, folder);
      if (folder !== undefined) return restore(context, options, folder);
      throw new UserError(
        'NoBackupNamed',
        'Which backup? "./sapphire backup list" shows them; --back goes back to what the last restore moved aside.',
      );
    },
  );
}
