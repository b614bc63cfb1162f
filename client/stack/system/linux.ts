import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Listener, PortTable, ProcessRow, ProcessTable } from './processes.ts';

/** A tick is a hundredth of a second for whoever reads /proc, on every machine. */
const TICK_MS = 10;
/** Of /proc/net/tcp: a socket that listens. */
const LISTENING = '0A';

export const linuxProcesses: ProcessTable = {
  row: (pid) => rowOf(pid, read(`/proc/${pid}/stat`)),
  environments: () =>
    pids().flatMap((pid) => {
      const text = read(`/proc/${pid}/environ`);
      return text === '' ? [] : [{ pid, variables: new Map(text.split('\0').map(variable)) }];
    }),
  folder: (pid) => linkOf(`/proc/${pid}/cwd`),
  commandLine: (pid) => read(`/proc/${pid}/cmdline`).split('\0').join(' ').trim(),
  userIds: () => {
    const all = pids();
    // Mounted with hidepid: the first process, which there always is, is out of sight.
    if (!all.includes(1)) return undefined;
    const ids = all.flatMap((pid) => /^Uid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? []);
    return [...new Set(ids.map(Number))];
  },
  startedAt: ({ startedAtTicks }) => {
    const upMs = Number(read('/proc/uptime').split(' ', 1)[0]) * 1_000;
    return Math.round(Date.now() - upMs + startedAtTicks * TICK_MS);
  },
};

export const linuxPorts: PortTable = {
  listeners: (port) =>
    sockets(port).map(({ inode, userId }): Listener => {
      const pid = pids().find((each) => holds(each, inode));
      return { userId, ...(pid === undefined ? {} : { pid }) };
    }),
  groupListens: (groupId, port) => {
    const inodes = sockets(port).map(({ inode }) => inode);
    const isOwn = (pid: number): boolean => inodes.some((inode) => holds(pid, inode));
    if (inodes.length === 0 || isOwn(groupId)) return inodes.length > 0;
    return pids().some((pid) => linuxProcesses.row(pid)?.groupId === groupId && isOwn(pid));
  },
};

/** A zombie has ended. The command stands in parentheses and may hold any character, those included. */
function rowOf(pid: number, stat: string): ProcessRow | undefined {
  if (stat === '') return undefined;
  const [state = '', parent = '', group = '', ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return undefined;
  return {
    pid,
    parentPid: Number(parent),
    groupId: Number(group),
    command: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
    startedAtTicks: Number(rest[16]),
  };
}

function sockets(port: number): { inode: string; userId: string }[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return ['tcp', 'tcp6'].flatMap((table) =>
    read(`/proc/net/${table}`)
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local = '', , state]) => local.endsWith(`:${hex}`) && state === LISTENING)
      .map((fields) => ({ userId: fields[7] ?? '', inode: fields[9] ?? '' })),
  );
}

function holds(pid: number, inode: string): boolean {
  const folder = `/proc/${pid}/fd`;
  return entries(folder).some((name) => linkOf(`${folder}/${name}`) === `socket:[${inode}]`);
}

function variable(line: string): [name: string, value: string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}

function pids(): number[] {
  return entries('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

/** What ends, or is another user's, meanwhile is as good as not there. */
function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
