/** Of the stack that is there alone: the processes, as they may be killed. */
export const victims = [
  'temporal',
  'paper-exchange',
  'mcp-coordinator',
  'workers/control',
  'workers/housekeeping',
  'workers/cycles',
  'workers/execution',
  'workers/agents',
] as const;
/** What the second machine has of its own. */
const doubled = [
  'mcp-coordinator',
  'workers/control',
  'workers/cycles',
  'workers/execution',
  'workers/agents',
] as const;

export type ProcessName = (typeof victims)[number];
export type Victim = ProcessName | `second/${(typeof doubled)[number]}`;
/** Those whose clock may be wrong: each reads and writes times. */
export const clocked = ['workers/execution', 'workers/control', 'workers/cycles'] as const;
export type Clocked = (typeof clocked)[number] | `second/${(typeof clocked)[number]}`;

export type Stacks = 1 | 2;

export function victimsOf(stacks: Stacks): readonly Victim[] {
  return stacks === 1 ? victims : [...victims, ...doubled.map((name) => `second/${name}` as const)];
}

export function clockedOf(stacks: Stacks): readonly Clocked[] {
  return stacks === 1 ? clocked : [...clocked, ...clocked.map((name) => `second/${name}` as const)];
}
