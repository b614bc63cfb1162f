import { basename } from 'node:path';
import { RUN_FOLDER_VARIABLE, readRecord } from './run-record.ts';
import { ports, processes } from './system/this-system.ts';

/** Who listens on a port. */
export interface PortHolder {
  /** For a person: `nginx (process 4711)`, `another Sapphire: FOLDER (process 4711)`. */
  name: string;
  /** Another Sapphire's data folder. */
  folder?: string;
}

/** Of a process of another user only the user's id is known; undefined where nobody is found. */
export function holderOf(port: number): PortHolder | undefined {
  const [listener] = ports.listeners(port);
  if (!listener) return undefined;
  const { pid, userId } = listener;
  if (pid === undefined) return { name: `a process of user ${userId}` };
  const folder = processes
    .environments()
    .find((each) => each.pid === pid)
    ?.variables.get(RUN_FOLDER_VARIABLE);
  if (folder !== undefined) {
    const supervisor = readRecord(`${folder}/run.json`)?.supervisor.pid ?? pid;
    return { name: `another Sapphire: ${folder} (process ${supervisor})`, folder };
  }
  // By what it was started with: a program may call its threads otherwise, as Node does.
  const [program = ''] = processes.commandLine(pid).split(' ');
  return { name: `${basename(program) || 'a program'} (process ${pid})` };
}

/** The same in words alone. */
export function portHolder(port: number): string | undefined {
  return holderOf(port)?.name;
}

/** Whether a process, or one of the group that it leads, listens on a TCP port of this machine. */
export function groupListens(groupId: number, port: number): boolean {
  return ports.groupListens(groupId, port);
}
