import dns from 'node:dns';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Server } from 'node:http';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { isMainThread } from 'node:worker_threads';

/**
 * What goes wrong inside a process that lives on. All but the last are over with the process that they befell: what takes its place is well.
 *
 * - `metrics-hang`: /metrics is never answered, everything else is
 * - `no-polls`: no poll for a task returns any more; what a worker does already, and its /healthz, go on
 * - `blocked-loop`: the event loop stands still for 2.5 of each 3 s
 * - `leak`: memory grows by 100 MB a second up to 2.2 GB, and is kept
 * - `no-names`: no host's name is found; lasts until it is taken back
 */
export type Hazard = 'metrics-hang' | 'no-polls' | 'blocked-loop' | 'leak' | 'no-names';

/** Of the hosted models, so that they have to be looked up. It is this machine. */
export const MODEL_HOST = 'models.gameday.internal';

const LOOK_MS = 100;
const BLOCKED = { everyMs: 3_000, forMs: 2_500 };
const LEAK = { everyMs: 250, bytes: 25_000_000, most: 2_200_000_000 };

/** `workers/agents`, `mcp-coordinator`: as the supervisor names a process, from the file that it runs. */
function nameOf(entry: string): string {
  const folder = basename(dirname(entry));
  return basename(entry) === 'main.ts' ? folder : join(folder, basename(entry, '.ts'));
}

const fileOf = (folder: string, process: string): string => join(folder, `hazard-${process.replace('/', '-')}`);

export function setHazard(folder: string, process: string, hazard: Hazard): void {
  writeFileSync(fileOf(folder, process), hazard);
}

export function endHazard(folder: string, process: string): void {
  rmSync(fileOf(folder, process), { force: true });
}

/** In a process: whatever is set for it befalls it from then on. */
export function followHazards(folder: string): void {
  if (!isMainThread) return;
  const file = fileOf(folder, nameOf(process.argv[1] ?? ''));
  const active = new Set<string>();
  const is = (hazard: Hazard): boolean => active.has(hazard);
  holdBackMetrics(() => is('metrics-hang'));
  if (file.includes('hazard-workers-')) holdBackPolls(() => is('no-polls'));
  lookUpModels(() => is('no-names'));
  setInterval(() => {
    const wanted = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (wanted === '') active.delete('no-names');
    if (wanted === '' || active.has(wanted)) return;
    active.add(wanted);
    // The next process under this name is well.
    if (wanted !== 'no-names') rmSync(file, { force: true });
    if (wanted === 'blocked-loop') block();
    if (wanted === 'leak') leak();
  }, LOOK_MS).unref();
}

function holdBackMetrics(holds: () => boolean): void {
  const emit = Server.prototype.emit;
  Server.prototype.emit = function held(this: Server, event: string | symbol, ...args: unknown[]): boolean {
    const [request] = args as [{ url?: string }?];
    if (event === 'request' && request?.url === '/metrics' && holds()) return true;
    return Reflect.apply(emit, this, [event, ...args]) as boolean;
  };
}

/** Between the SDK and its core: the core still has its connection, and asks on. */
function holdBackPolls(holds: () => boolean): void {
  const { native } = createRequire(import.meta.url)('@temporalio/core-bridge') as {
    native: Record<string, (...args: unknown[]) => Promise<unknown>>;
  };
  for (const name of ['workerPollActivityTask', 'workerPollWorkflowActivation', 'workerPollNexusTask']) {
    const poll = native[name];
    if (poll === undefined) throw new Error(`the Temporal SDK polls by ${name} no more`);
    native[name] = async (...args) => {
      const task = await poll(...args);
      return holds() ? new Promise(() => {}) : task;
    };
  }
}

function lookUpModels(fails: () => boolean): void {
  const lookup = dns.lookup;
  const replaced = (host: string, options: unknown, answer: (...args: unknown[]) => void): void => {
    if (fails() && host === MODEL_HOST) {
      const error = Object.assign(new Error(`getaddrinfo EAI_AGAIN ${host}`), {
        code: 'EAI_AGAIN',
        syscall: 'getaddrinfo',
      });
      process.nextTick(answer, error);
      return;
    }
    Reflect.apply(lookup, dns, [host === MODEL_HOST ? '127.0.0.1' : host, options, answer]);
  };
  dns.lookup = replaced as unknown as typeof dns.lookup;
}

function block(): void {
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  setInterval(() => Atomics.wait(nobody, 0, 0, BLOCKED.forMs), BLOCKED.everyMs);
}

function leak(): void {
  const kept: Buffer[] = [];
  const timer = setInterval(() => {
    // Filled, since what is only asked for takes no memory.
    kept.push(Buffer.alloc(LEAK.bytes, 1));
    if (kept.length * LEAK.bytes >= LEAK.most) clearInterval(timer);
  }, LEAK.everyMs);
  Object.assign(globalThis, { leaked: kept });
}
