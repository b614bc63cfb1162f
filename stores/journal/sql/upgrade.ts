import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../../contracts/errors.ts';
import type { Migration, Schema } from './migrations.ts';

/** Below this books are upgraded before anybody could read that they are. */
export const LARGE_BYTES = 50_000_000;
/** After this long a person is told what is waited for. */
export const SOON_MS = 1_000;
/** For another process's upgrade, each step of which is a transaction of its own. */
export const UPGRADE_WAIT_MS = 600_000;

/** To whoever looks at the process: an upgrade is once a release, and comes before anything that could show it otherwise. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** `the journal (schema 9 → 12)`, by what was missing when it began. */
export function upgradeText({ name, migrations }: Schema, [first]: readonly Migration[]): string {
  const newest = migrations.at(-1)?.version ?? 0;
  return `the ${name} (schema ${(first?.version ?? newest + 1) - 1} → ${newest})`;
}

/** Of books that an earlier release may not write any more once they are upgraded, while it may have them open. */
export function stillRunning(what: string, who: string): UserError {
  return new UserError(
    'StillRunning',
    `To upgrade ${what} nobody else may have these books open, and ${who} has. Stop Sapphire wherever an earlier release runs on them, then try again.`,
  );
}

const LOOKS = 5;
const BETWEEN_LOOKS_MS = 200;

/** Who is there at each of several looks: whoever waits for this upgrade is there for moments alone. */
export async function whoStays(look: () => Promise<string[]>): Promise<string[]> {
  let there = await look();
  for (let looks = 1; looks < LOOKS && there.length > 0; looks += 1) {
    await sleep(BETWEEN_LOOKS_MS);
    const now = await look();
    there = there.filter((one) => now.includes(one));
  }
  return there;
}

export const isFresh = ({ migrations }: Schema, missing: readonly Migration[]): boolean =>
  missing.length === migrations.length;
