import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../../contracts/errors.ts';
import type { Schema } from '../sql/migrations.ts';

/** How long a transaction waits for another process's. */
export const BUSY_MS = 5_000;

/** Begins a transaction that locks everything; waits for another process's. */
export async function begin(connection: { execute(sql: string): void }, mostMs = BUSY_MS): Promise<void> {
  const deadline = performance.now() + mostMs;
  for (;;) {
    try {
      connection.execute('BEGIN IMMEDIATE');
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      await sleep(1);
    }
  }
}

export function lockedTooLong({ name }: Schema, file: string, mostMs = BUSY_MS): UserError {
  return new UserError(
    'JournalBusy',
    `The ${name} ${file} is locked: another process has held it for longer than ${mostMs / 1_000} s. Nothing is wrong with it: try again, or end that process.`,
  );
}

/** SQLITE_BUSY: another process holds what this one waits for. */
export const isBusy = (error: unknown): boolean => primaryCode(error) === 5;

/** The same, or SQLITE_LOCKED, by another connection of ours: either ends by itself. */
export const isLocked = (error: unknown): boolean => isBusy(error) || primaryCode(error) === 6;

/** SQLITE_FULL: what was being written is rolled back. */
export const isFull = (error: unknown): boolean => primaryCode(error) === 13;

function primaryCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
}
