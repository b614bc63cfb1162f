import { RuleFault } from './fault.ts';

export interface End {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The first that it wrote to stderr. */
  words: string;
  heapMb: number;
  cpuSeconds?: number | undefined;
}

/** Why a rule's process was over before it answered. */
export function faultAtEnd({ code, signal, words, heapMb, cpuSeconds }: End): RuleFault {
  if (signal === 'SIGKILL' || code === 137) {
    const limit = cpuSeconds === undefined ? '' : `It computed for more than ${cpuSeconds} s without an answer, or `;
    return new RuleFault('timeout', `${limit}its process was killed.`);
  }
  if (/out of memory/i.test(words) || signal === 'SIGABRT' || code === 134) {
    return new RuleFault('unavailable', `It needs more memory than the ${heapMb} MB that a rule has.`);
  }
  const error = errorIn(words);
  if (error !== undefined) return new RuleFault('unavailable', error);
  return new RuleFault('unavailable', `It ended its process (${signal ?? `exit code ${code}`}) before it answered.`);
}

/** Of what Node prints of an error that nobody caught: where, and its line. */
function errorIn(words: string): string | undefined {
  const error = /^(\w*(?:Error|Exception))(?: \[(\w+)\])?: (.*)$/m.exec(words);
  const thrown = /^Uncaught (.*)$/m.exec(words)?.[1];
  if (!error) return thrown && `Loading it failed: ${thrown}.`;
  const [, name = 'Error', code, text = ''] = error;
  const line = /^file:\/\/\S+?:(\d+)$/m.exec(words)?.[1] ?? /^ +at file:\/\/\S+?:(\d+):\d+/m.exec(words)?.[1];
  const where = line === undefined ? '' : ` at line ${line}`;
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return `Loading it failed${where}: ${text}; write types that can be left out (no enum, no namespace).`;
  }
  if (code === 'ERR_MODULE_NOT_FOUND') {
    const what = /Cannot find (?:module|package) '([^']+)'/.exec(text)?.[1]?.split('/').at(-1) ?? 'a module';
    return `Loading it failed: it imports ${what}, and a rule is one file. Types come by "import type".`;
  }
  if (code === 'ERR_ACCESS_DENIED' || /has been restricted/.test(text)) {
    return `It failed${where}: it touches a file, a program or a thread, and a rule has none of these.`;
  }
  return `It failed${where}: ${name}: ${text}.`;
}
