import type { Logger } from 'pino';
import type { MadeBackup } from '../../contracts/warehouse/reports.ts';
import { expireBackups, makeBackup } from '../../stores/backup/backup.ts';
import type { Places } from '../../stores/backup/places.ts';
import { beating } from '../heartbeat.ts';

const DAY_MS = 86_400_000;

export type BackupActivities = ReturnType<typeof createBackupActivities>;

export function createBackupActivities({
  places,
  keepDays,
  logger,
}: {
  places: Places;
  /** Of those that this makes, and of what restores moved aside. */
  keepDays: number;
  logger: Logger;
}) {
  return beating({
    /** One backup more, and those gone that are too old. A second try makes it anew under the same name. */
    async makeBackup(at: number): Promise<MadeBackup> {
      const { folder, manifest } = await makeBackup(places, { at, scheduled: true });
      const expired = await expireBackups(places, at - keepDays * DAY_MS);
      const bytes = manifest.files.reduce((total, file) => total + file.bytes, 0);
      logger.info({ folder, bytes, expired }, 'backup made');
      return { folder, bytes, expired };
    },
  });
}
