import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** Of /proc/net/tcp: a socket that listens. */
const LISTENING = '0A';

/**
 * Which process listens on a TCP port of this machine, for a person: `nginx (process 4711)`. Of a process of another user only the user's id is
 * known; undefined where nobody is found.
 */
export function portHolder(port: number): string | undefined {
  const [socket] = ['tcp', 'tcp6'].flatMap((table) => listeners(table, port));
  if (!socket) return undefined;
  const link = `socket:[${socket.inode}]`;
  const pid = entries('/proc').find((entry) => /^\d+$/.test(entry) && holds(entry, link));
  if (pid === undefined) return `a process of user ${socket.userId}`;
  // By what it was started with: a program may call its threads otherwise, as Node does.
  const [program = ''] = read(`/proc/${pid}/cmdline`).split('\0');
  return `${basename(program) || 'a program'} (process ${pid})`;
}

/** Whether a process, or one of the group that it leads, listens on a TCP port of this machine. */
export function groupListens(groupId: number, port: number): boolean {
  const links = ['tcp', 'tcp6'].flatMap((table) => listeners(table, port)).map(({ inode }) => `socket:[${inode}]`);
  const isOwn = (pid: string): boolean => links.some((link) => holds(pid, link));
  if (links.length === 0 || isOwn(String(groupId))) return links.length > 0;
  return entries('/proc').some((entry) => /^\d+$/.test(entry) && groupOf(entry) === groupId && isOwn(entry));
}

/** The third field after the command, which stands in parentheses and may hold any character. */
function groupOf(pid: string): number {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
}

function listeners(table: string, port: number): { inode: string; userId: string }[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return read(`/proc/net/${table}`)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => local.endsWith(`:${hex}`) && state === LISTENING)
    .map((fields) => ({ userId: fields[7] ?? '', inode: fields[9] ?? '' }));
}

function holds(pid: string, link: string): boolean {
  const folder = `/proc/${pid}/fd`;
  return entries(folder).some((name) => {
    try {
      return readlinkSync(`${folder}/${name}`) === link;
    } catch {
      return false;
    }
  });
}

/** What ends, or is another user's, meanwhile is as good as not there. */
function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
