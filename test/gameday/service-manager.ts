import type { ChildProcess } from 'node:child_process';
import type { Installation } from '../support/installation.ts';

/** As `RestartSec` of the unit in deploy/. */
const RESTART_MS = 5_000;

export interface ServiceManager {
  /** Resolves when the first cycle has ended; rejects when the stack ends before. */
  firstCycle: Promise<void>;
  /** When the launcher ended without having been asked to. */
  ends: readonly number[];
  stop(): Promise<void>;
}

/** Plays what keeps `npm start -- --observe` started on a real machine: it is started again whenever it ends. */
export function keepStarted(installation: Installation): ServiceManager {
  const ends: number[] = [];
  let stopping = false;
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  const launch = (): ChildProcess => {
    const started = installation.start('--observe');
    child = started;
    started.once('exit', () => {
      if (child === started) child = undefined;
      if (stopping) return;
      ends.push(Date.now());
      timer = setTimeout(launch, RESTART_MS);
    });
    // What nobody reads fills up.
    started.stdout?.resume();
    started.stderr?.resume();
    return started;
  };
  // Without us it would go on.
  process.once('exit', () => child?.pid !== undefined && process.kill(-child.pid, 'SIGINT'));
  return {
    firstCycle: firstCycle(launch()),
    ends,
    async stop() {
      stopping = true;
      clearTimeout(timer);
      if (child?.pid === undefined) return;
      const ended = new Promise((resolve) => child?.once('exit', resolve));
      process.kill(-child.pid, 'SIGINT');
      await ended;
    },
  };
}

function firstCycle(child: ChildProcess): Promise<void> {
  let seen = '';
  const note = (data: Buffer): void => {
    seen = `${seen}${data.toString()}`.slice(-20_000);
  };
  child.stderr?.on('data', note);
  return new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (data: Buffer) => {
      note(data);
      if (/^\d\d:\d\d:\d\d │/m.test(seen)) resolve();
    });
    child.once('exit', (code) => reject(new Error(`the stack ended with ${code}: ${seen}`)));
  });
}
