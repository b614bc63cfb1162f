import { copyFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../contracts/errors.ts';
import { weightsFile } from '../../../contracts/models.ts';
import { modelFolder } from '../../../runtime/configuration/folders.ts';
import { makeFolder } from '../../../runtime/configuration/make-folder.ts';
import { sha256Of, syncPath } from '../../../stores/warehouse/segments/files.ts';

/** Puts weights under their hash where the worker of the seat looks for them. */
export async function keepWeights(seat: string, file: string, sha256: string): Promise<string> {
  const found = await sha256Of(file).catch(() => undefined);
  if (found !== sha256) {
    throw new UserError(
      'WeightsDiffer',
      found === undefined
        ? `${file} cannot be read.`
        : `${file} is not what was trained: its SHA-256 is ${found}, and the training says ${sha256}.`,
    );
  }
  const folder = modelFolder(seat);
  makeFolder(folder, 0o700);
  const place = join(folder, weightsFile(sha256));
  await copyFile(file, `${place}.part`);
  await syncPath(`${place}.part`);
  await rename(`${place}.part`, place);
  return place;
}
