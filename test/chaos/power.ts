import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const LOOK_MS = 50;

const fileOf = (machine: string): string => join(machine, 'off');

export function cutPower(machine: string): void {
  writeFileSync(fileOf(machine), '');
}

export function restorePower(machine: string): void {
  rmSync(fileOf(machine), { force: true });
}

/** In a process: nothing runs while its machine is off, and once it is on again everything is started anew, with what it is given then. */
export function awaitPower(machine: string): void {
  if (!existsSync(fileOf(machine))) return;
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  while (existsSync(fileOf(machine))) Atomics.wait(nobody, 0, 0, LOOK_MS);
  process.kill(process.pid, 'SIGKILL');
}
