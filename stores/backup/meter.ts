import { Transform } from 'node:stream';

const PAUSE_MS = 1_000;

/** Takes one line for a person. */
export type Tell = (line: string) => void;

/** Tells how far some work has come, once a second, and nothing of what takes less. */
export function meter(tell: Tell, what: string, total: number): (done: number) => void {
  let toldAt = performance.now();
  return (done) => {
    if (performance.now() - toldAt < PAUSE_MS) return;
    toldAt = performance.now();
    tell(`${what}: ${Math.floor((100 * Math.min(done, total)) / Math.max(total, 1))} % of ${sizeText(total)}`);
  };
}

/** Hands on what it is given. Calls `seen` with each piece and the bytes so far, that piece among them, and `ended` with all; either may throw. */
export function passing(
  seen: (chunk: Buffer, bytes: number) => void,
  ended: (bytes: number) => void = () => undefined,
): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(
        faultOf(() => seen(chunk, bytes)),
        chunk,
      );
    },
    flush: (done) => done(faultOf(() => ended(bytes))),
  });
}

function faultOf(work: () => void): Error | null {
  try {
    work();
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Tells once a second, until `work` ends. */
export async function whileTelling<T>(tell: Tell, line: () => string, work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => tell(line()), PAUSE_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

const units = [
  [1e9, 'GB'],
  [1e6, 'MB'],
] as const;

/** Bytes for a person: 3.7 GB. */
export function sizeText(bytes: number): string {
  const [unit, name] = units.find(([least]) => bytes >= least) ?? [1e3, 'kB'];
  return `${(bytes / unit).toFixed(1)} ${name}`;
}
