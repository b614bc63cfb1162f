import { randomInt } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

/** Ten digits, so that the account's number in six more is a whole number that a JSON parser keeps. */
const LEAST = 1_000_000_000;
const BEYOND = 9_000_000_000;
const ACCOUNTS = 1_000_000;

const identitySchema = z.object({ value: z.coerce.number().int().min(LEAST).max(BEYOND) });

/**
 * Which paper exchange it is, of all that were ever made. A database has it from the first opening on, on the disk before anybody is told: books
 * are bound to it, and a power cut must not make it another one.
 */
export function identityIn(database: DatabaseSync): number {
  const find = () => database.prepare("SELECT value FROM meta WHERE key = 'identity'").get();
  if (find() === undefined) {
    database.exec('PRAGMA synchronous = FULL');
    database.prepare("INSERT INTO meta (key, value) VALUES ('identity', ?)").run(String(randomInt(LEAST, BEYOND)));
    database.exec('PRAGMA synchronous = NORMAL');
  }
  return identitySchema.parse(find()).value;
}

/** Binance's number of an account: no two accounts have the same, on whatever paper exchange they are. */
export function uidOf(identity: number, account: number): number {
  if (account >= ACCOUNTS) throw new Error(`account ${account} has no uid: an exchange has less than ${ACCOUNTS}`);
  return identity * ACCOUNTS + account;
}
