import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

const LOOK_MS = 100;

/** Of a process, by the name of the file that it runs. */
function fileOf(folder: string, entry: string): string {
  return join(folder, `clock-${basename(entry, '.ts')}`);
}

/** Sets the wall clock of a worker, e.g. `workers/execution`, that many milliseconds ahead, while it runs and when it starts again. */
export function setClock(folder: string, worker: string, skewMs: number): void {
  writeFileSync(fileOf(folder, worker), String(skewMs));
}

/** What the worker itself says that its clock is ahead. */
export function clockOf(folder: string, worker: string): number {
  const file = `${fileOf(folder, worker)}.set`;
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
}

/** In a process: its wall clock is what `setClock` says from now on; what is measured by the monotonic one goes on as it was. */
export function followClock(folder: string): void {
  const file = fileOf(folder, process.argv[1] ?? '');
  const RealDate = Date;
  const realNow = Date.now;
  let skewMs = 0;
  const now = (): number => realNow() + skewMs;
  globalThis.Date = new Proxy(RealDate, {
    apply: () => new RealDate(now()).toString(),
    construct: (target, values, made) => Reflect.construct(target, values.length === 0 ? [now()] : values, made),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  });
  const look = (): void => {
    if (!existsSync(file)) return;
    const wanted = Number(readFileSync(file, 'utf8'));
    if (wanted === skewMs) return;
    skewMs = wanted;
    if (isMainThread) writeFileSync(`${file}.set`, String(skewMs));
  };
  look();
  setInterval(look, LOOK_MS).unref();
}
