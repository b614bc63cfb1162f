/** One process that runs; one that has ended and was not waited for is none. */
export interface ProcessRow {
  pid: number;
  parentPid: number;
  /** The id of the process that leads its group. */
  groupId: number;
  /** The first words of its command line, or its short name where the system tells no more. */
  command: string;
  /** Hundredths of a second since the system's own beginning of time: with the pid it means one process only. */
  startedAtTicks: number;
}

/** What a system tells of the processes that run on it; of those of other users it may tell less. */
export interface ProcessTable {
  row(pid: number): ProcessRow | undefined;
  /** Each with its environment, as far as this user may see it. */
  environments(): { pid: number; variables: ReadonlyMap<string, string> }[];
  /** The folder that it runs in. */
  folder(pid: number): string | undefined;
  commandLine(pid: number): string;
  /** Whose processes run, once each; undefined where the system hides those of others. */
  userIds(): number[] | undefined;
  /** UTC epoch milliseconds. */
  startedAt(row: Pick<ProcessRow, 'startedAtTicks'>): number;
}

/** Who listens on a TCP port: without a pid it is a process of another user, of whom only the id is known. */
export interface Listener {
  pid?: number;
  userId: string;
}

export interface PortTable {
  listeners(port: number): Listener[];
  /** Whether a process, or one of the group that it leads, listens there. */
  groupListens(groupId: number, port: number): boolean;
}
