import { subscribe } from 'node:diagnostics_channel';
import { closeSync, fsyncSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { followClock } from './clock.ts';
import { awaitPower } from './power.ts';
import { type Failpoint, failpoints, horizonOver, isMutant, mutants, type Rewrite } from './rewrites.ts';

/** Folder of the armed failpoints, each a file of its name; `hits` beside them keeps the deaths. */
const folder = process.env['CHAOS_FAILPOINTS'];
/** Folder of the machine that this process runs on. */
const machine = process.env['CHAOS_MACHINE'];

/** One arming is one death, in whichever process comes first: only one of them can remove the file. One may be told to stand still instead. */
function failpoint(name: Failpoint, subject: string): void {
  if (folder === undefined) return;
  const file = join(folder, name);
  let end = '';
  try {
    end = readFileSync(file, 'utf8');
    unlinkSync(file);
  } catch {
    return;
  }
  const { pid } = process;
  const hits = openSync(join(folder, 'hits'), 'a');
  writeSync(hits, `${JSON.stringify({ name, subject, at: Date.now(), end, pid })}\n`);
  fsyncSync(hits);
  closeSync(hits);
  process.kill(pid, end);
}

Object.assign(globalThis, { failpoint });

/** The request of an order is handed to the system and its answer is not read: what undici tells of its requests says when. */
subscribe('undici:client:sendHeaders', (message) => {
  const { request } = message as { request: { method: string; path: string } };
  if (request.method !== 'POST' || !request.path.startsWith('/api/v3/order')) return;
  setImmediate(() => failpoint('after-send', request.path.slice(0, 60)));
});

if (machine !== undefined) {
  awaitPower(machine);
  followClock(machine);
}

const mutant = process.env['CHAOS_MUTANT'] ?? '';
const rewrites: readonly Rewrite[] = [
  horizonOver,
  ...Object.values(failpoints).filter((rewrite) => rewrite !== undefined),
  ...(isMutant(mutant) ? mutants[mutant].rewrites : []),
];

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const wanted = rewrites.filter(({ file }) => url.endsWith(`/${file}`));
    if (wanted.length === 0) return loaded;
    let source = Buffer.from(loaded.source as Uint8Array).toString();
    for (const { file, find, replace } of wanted) {
      if (source.split(find).length !== 2) throw new Error(`${file} does not hold exactly one: ${find}`);
      source = source.replace(find, () => replace);
    }
    return { ...loaded, source };
  },
});
