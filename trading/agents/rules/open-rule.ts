import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { RuleView } from '../../../contracts/rule-agent.ts';
import { faultAtEnd } from './ends.ts';
import { RuleFault } from './fault.ts';
import { type Declared, declaredIn, type Given, givenIn } from './said.ts';

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));

export interface RuleLimits {
  /** For the start, and for each line of views. */
  withinMs: number;
  /** Of the processor, for all that it does; without an end where it is missing. */
  cpuSeconds?: number | undefined;
}

/** In a cycle, which never waits for it longer. A machine under load takes a second to start it. */
export const CYCLE_LIMITS = { withinMs: 8_000, cpuSeconds: 2 } as const satisfies RuleLimits;

const HEAP_MB = 128;
/** Node's own and what is no JavaScript object, buffers among it. */
const DATA_KB = 768 * 1_024;
const MOST_LINE = 1_000_000;
const MOST_WORDS = 8_192;

export interface OpenRule {
  declared: Declared;
  /** One answer a view, in their order. @throws RuleFault after which it is over */
  decide(views: readonly RuleView[]): Promise<Given[]>;
  close(): void;
}

/**
 * Starts a rule's file in a process of its own: nothing of our environment, no file but its own to read, none to write, no other program, so much memory,
 * and so much time. Whatever it does there, the answer is checked here.
 *
 * @throws RuleFault
 */
export async function openRule(file: string, { withinMs, cpuSeconds }: RuleLimits): Promise<OpenRule> {
  const limits = [
    'ulimit -c 0',
    `ulimit -d ${DATA_KB} 2>/dev/null`,
    ...(cpuSeconds === undefined ? [] : [`ulimit -t ${cpuSeconds}`]),
  ].join('; ');
  const node = [
    '--permission',
    `--allow-fs-read=${CHILD}`,
    `--allow-fs-read=${file}`,
    `--max-old-space-size=${HEAP_MB}`,
    '--no-warnings',
    CHILD,
    pathToFileURL(file).href,
  ];
  const child = spawn('/bin/sh', ['-c', `${limits}; exec "$0" "$@"`, process.execPath, ...node], {
    env: {},
    cwd: '/',
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
  });
  const next = linesOf(child, { withinMs, cpuSeconds });
  const close = () => void child.kill('SIGKILL');
  try {
    const declared = declaredIn(await next());
    return {
      declared,
      async decide(views) {
        child.stdin?.write(`${JSON.stringify(views)}\n`);
        return givenIn(await next(), views.length);
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** The next line that it tells, or why there is none. */
function linesOf(child: ChildProcess, { withinMs, cpuSeconds }: RuleLimits): () => Promise<string> {
  const told = child.stdio[3] as Readable;
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(0, MOST_WORDS);
  });
  // One that ended takes no more views; its end says why.
  child.stdin?.on('error', () => undefined);
  const ended = new Promise<RuleFault>((resolve) => {
    child.once('error', (error) =>
      resolve(new RuleFault('unavailable', `Its process did not start: ${error.message}.`)),
    );
    child.once('close', (code, signal) => resolve(faultAtEnd({ code, signal, words, heapMb: HEAP_MB, cpuSeconds })));
  });
  let length = 0;
  told.on('data', (chunk: Buffer) => {
    length += chunk.byteLength;
    if (length > MOST_LINE) child.kill('SIGKILL');
  });
  const lines = createInterface({ input: told })[Symbol.asyncIterator]();
  return async () => {
    length = 0;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new RuleFault('timeout', `It did not answer within ${withinMs / 1_000} s.`));
    }, withinMs);
    try {
      const line = await Promise.race([lines.next(), late.promise]);
      // What was cut off comes as a line as well.
      if (length > MOST_LINE) throw new RuleFault('invalid_answer', `It told more than ${MOST_LINE} bytes.`);
      if (!line.done) return line.value;
      throw await Promise.race([ended, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  };
}
