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

/** In a process: goes on once its machine is on. */
export function awaitPower(machine: string): void {
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  while (existsSync(fileOf(machine))) Atomics.wait(nobody, 0, 0, LOOK_MS);
}
