import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import { sha256Of } from '../warehouse/segments/files.ts';

export const MANIFEST = 'backup.json';

const manifestSchema = z.strictObject({
  version: z.literal(1),
  mode: z.enum(['paper', 'live']),
  journal: z.string(),
  engine: z.enum(['sqlite', 'postgres']),
  madeAt: z.int(),
  /** By the schedule: deleted after a while. By a person: never. */
  scheduled: z.boolean(),
  files: z.array(z.strictObject({ path: z.string(), sha256: z.string(), bytes: z.int() })),
});
export type BackupManifest = z.output<typeof manifestSchema>;

function unusable(folder: string, reason: string): UserError {
  return new UserError(
    'BackupUnusable',
    `${folder} is no whole backup: ${reason}. Choose another: "sapphire backup list".`,
    ExitCode.unhealthy,
  );
}

/** Reads a backup's manifest, and holds every file against it. Throws for the first that is missing or was changed. */
export async function verifyBackup(folder: string): Promise<BackupManifest> {
  const manifest = await readBackup(folder);
  for (const { path, sha256, bytes } of manifest.files) {
    const file = join(folder, path);
    const found = await stat(file).catch(() => undefined);
    if (!found) throw unusable(folder, `${path} is missing`);
    if (found.size !== bytes || (await sha256Of(file)) !== sha256) throw unusable(folder, `${path} was changed`);
  }
  return manifest;
}

export async function readBackup(folder: string): Promise<BackupManifest> {
  const content = await readFile(join(folder, MANIFEST), 'utf8').catch(() => undefined);
  if (content === undefined) throw unusable(folder, `it has no ${MANIFEST}`);
  try {
    return manifestSchema.parse(JSON.parse(content));
  } catch (error) {
    throw unusable(folder, `${MANIFEST} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
