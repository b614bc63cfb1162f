import { dirname, join } from 'node:path';
import type { Binding } from '../../contracts/binding.ts';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { Mode } from '../../domain/market/market.ts';
import { backupFolder, dataFolder } from '../../runtime/configuration/folders.ts';
import { loadSecrets } from '../../runtime/configuration/secrets.ts';
import { journalFile } from '../journal/open.ts';
import { marketBufferFile } from '../market-buffer/open.ts';
import { warehouseFolder } from '../warehouse/warehouse.ts';

/** Where everything lives that a backup holds. */
export interface Places {
  mode: Mode;
  /** Id of the journal. */
  journal: string;
  binding?: Binding | undefined;
  /** SQLite files, or the address of the PostgreSQL database that holds both. */
  books: { engine: 'sqlite'; journal: string; market: string } | { engine: 'postgres'; url: string };
  warehouse: string;
  /** Where backups are put. */
  backups: string;
  /** File of the key that seals them; made with the first. */
  key: string;
}

/** The folder of the warehouses, of the files of the books, and of what a restore moves aside. */
export const dataOf = ({ warehouse }: Pick<Places, 'warehouse'>): string => dirname(dirname(warehouse));

/** Of the installation that the environment names. */
export function placesOf({ mode }: Pick<Configuration, 'mode'>): Omit<Places, 'journal' | 'binding'> {
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
