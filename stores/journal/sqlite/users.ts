import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/** The other processes that have a file open, as far as this one may see them: `process 12 (node up.ts)`. */
export function usersOf(file: string): string[] {
  const real = realpathSync(file);
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .filter((pid) => openFilesOf(pid).includes(real))
    .map((pid) => `process ${pid} (${commandOf(pid)})`);
}

function openFilesOf(pid: string): string[] {
  try {
    const folder = join('/proc', pid, 'fd');
    return readdirSync(folder).map((handle) =>
      existsSync(join(folder, handle)) ? readlinkSync(join(folder, handle)) : '',
    );
  } catch {
    return [];
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(join('/proc', pid, 'cmdline'), 'utf8')
      .replaceAll('\0', ' ')
      .trim();
  } catch {
    return 'which has ended';
  }
}
