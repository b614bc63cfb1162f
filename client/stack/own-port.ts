import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { groupListens } from './port-holder.ts';
import type { ProcessSpec } from './process-spec.ts';

const LOOK_MS = 100;

/**
 * A process's spec for one child of it: its probe asks only once that child listens at the port. Who else has taken the port, and may answer
 * anything, is no sign of the child's life, is asked nothing, and is shown no password.
 */
export function atOwnPort(spec: ProcessSpec, { pid }: ChildProcess): ProcessSpec {
  const { probe, port } = spec;
  if (!probe || port === undefined || pid === undefined) return spec;
  return {
    ...spec,
    probe: async (signal) => {
      while (!groupListens(pid, port)) await sleep(LOOK_MS, undefined, { signal });
      return probe(signal);
    },
  };
}
