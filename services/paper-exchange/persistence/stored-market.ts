import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

const rowSchema = z.object({ value: z.string() });
const identitySchema = z.object({ kind: z.string(), venue: z.string().optional() });

/** The kind of market that a paper exchange's database was made for, and the venue of a mirror after it. Undefined where it cannot be said. */
export function storedMarket(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    const row = database.prepare("SELECT value FROM meta WHERE key = 'market'").get();
    const { kind, venue } = identitySchema.parse(JSON.parse(rowSchema.parse(row).value));
    return venue === undefined ? kind : `${kind} ${venue}`;
  } catch {
    // Whoever opens it says what is wrong with it.
    return undefined;
  } finally {
    database?.close();
  }
}
