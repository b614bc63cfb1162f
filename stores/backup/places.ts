import { join } from 'node:path';
import type { Configuration } from '../../contracts/config/schema.ts';
import { backupFolder, dataFolder } from '../../runtime/configuration/folders.ts';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import { journalFile } from '../journal/open.ts';
import { marketBufferFile } from '../market-buffer/open.ts';
import { warehouseFolder } from '../warehouse/warehouse.ts';
import type { Places } from './backup.ts';

/** Of the installation that the environment names. */
export function placesOf({ mode }: Pick<Configuration, 'mode'>): Omit<Places, 'journal'> {
  const { journalUrl } = loadSecrets();
  return {
    mode,
    books:
      journalUrl === undefined
        ? { engine: 'sqlite', journal: journalFile(), market: marketBufferFile() }
        : { engine: 'postgres', url: journalUrl },
    warehouse: warehouseFolder(mode),
    backups: backupFolder(),
    key: join(dataFolder(), 'backup.key'),
  };
}
