import { execFileSync } from 'node:child_process';
import type { Listener, PortTable, ProcessRow, ProcessTable } from './processes.ts';

/** Runs one of the system's own programs. @returns what it prints, empty where it fails: `ps` and `lsof` do where they find nothing */
export type Ask = (program: string, args: readonly string[]) => string;

const TICK_MS = 10;
const ASK_MS = 5_000;

/** Times as `ps` writes them in no language but this one, and in no zone but UTC. */
const ask: Ask = (program, args) => {
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      timeout: ASK_MS,
      maxBuffer: 64 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: '/bin:/usr/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC0' },
    });
  } catch {
    return '';
  }
};

/** By ps(1) and lsof(8) of macOS. Processes of other users show no environment there, as on Linux. */
export function darwinProcesses(by: Ask = ask): ProcessTable {
  return {
    row: (pid) => rowOf(by('ps', ['-p', String(pid), '-o', 'pid=,ppid=,pgid=,stat=,lstart=,comm='])),
    environments: () =>
      by('ps', ['-axwwE', '-o', 'pid=,command='])
        .split('\n')
        .flatMap((line) => {
          const [, pid, words] = /^\s*(\d+) (.*)$/.exec(line) ?? [];
          return pid === undefined ? [] : [{ pid: Number(pid), variables: variablesIn(words ?? '') }];
        }),
    folder: (pid) => /^n(.+)$/m.exec(by('lsof', ['-a', '-p', String(pid), '-d', 'cwd', '-Fn']))?.[1],
    commandLine: (pid) => by('ps', ['-p', String(pid), '-ww', '-o', 'command=']).trim(),
    userIds: () => {
      const ids = by('ps', ['-axo', 'uid='])
        .split('\n')
        .filter((line) => line.trim() !== '');
      return ids.length === 0 ? undefined : [...new Set(ids.map(Number))];
    },
    startedAt: ({ startedAtTicks }) => startedAtTicks * TICK_MS,
  };
}

export function darwinPorts(by: Ask = ask): PortTable {
  const held = (port: number) => by('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpgu']);
  return {
    listeners: (port) => holdersIn(held(port)).map(({ pid, userId }): Listener => ({ pid, userId })),
    groupListens: (groupId, port) =>
      holdersIn(held(port)).some((holder) => holder.pid === groupId || holder.groupId === groupId),
  };
}

/** `  501     1   501 Ss   Tue Dec  1 05:20:38 2026     node`: the time has five words. */
function rowOf(text: string): ProcessRow | undefined {
  const [, pid, parent, group, state = '', start = '', command = ''] =
    /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s+(.*?)\s*$/m.exec(text) ?? [];
  if (pid === undefined || state.startsWith('Z')) return undefined;
  return {
    pid: Number(pid),
    parentPid: Number(parent),
    groupId: Number(group),
    command: command.split('/').at(-1) ?? '',
    startedAtTicks: Date.parse(`${start.replaceAll(/\s+/g, ' ')} UTC`) / TICK_MS,
  };
}

/** Behind the command line, with blanks between them: a value goes on until the next name. */
function variablesIn(words: string): Map<string, string> {
  const names = [...words.matchAll(/(?:^| )([A-Za-z_]\w*)=/g)];
  return new Map(
    names.map((match, place) => {
      const from = match.index + match[0].length;
      return [match[1] ?? '', words.slice(from, names[place + 1]?.index)];
    }),
  );
}

/** A block of lines a process, each with the letter of its field first: `p501`, `g501`, `u501`, then a line a file. */
function holdersIn(text: string): { pid: number; groupId: number; userId: string }[] {
  return text.split(/^p/m).flatMap((block) => {
    const pid = /^(\d+)/.exec(block)?.[1];
    if (pid === undefined) return [];
    return [
      {
        pid: Number(pid),
        groupId: Number(/^g(\d+)/m.exec(block)?.[1]),
        userId: /^u(\d+)/m.exec(block)?.[1] ?? '',
      },
    ];
  });
}
