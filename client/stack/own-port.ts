import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { groupListens } from './port-holder.ts';
import type { ProcessSpec } from './process-spec.ts';

const LOOK_MS = 100;

/** One child of a process: who else has taken its port, and may answer anything, is no sign of the child's life. */
export interface OwnProcess extends ProcessSpec {
  /** Whether the child, or one of its own, listens there. */
  listensAt: (port: number) => boolean;
}

/** A process's spec for one child of it: its probe asks only once that child listens at the port, so that nobody else is asked, or shown a password. */
export function atOwnPort(spec: ProcessSpec, { pid }: ChildProcess): OwnProcess {
  const { probe, port } = spec;
  const listensAt = (at: number): boolean => pid !== undefined && groupListens(pid, at);
  if (!probe || port === undefined || pid === undefined) return { ...spec, listensAt };
  return {
    ...spec,
    listensAt,
    probe: async (signal) => {
      while (!listensAt(port)) await sleep(LOOK_MS, undefined, { signal });
      return probe(signal);
    },
  };
}
