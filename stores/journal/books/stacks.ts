/** `first` runs what there may be one of; `joined` shares the work of the queues with it. */
export type StackKind = 'first' | 'joined';

/** One data folder of one machine. Moved or copied elsewhere it is another place. */
export interface StackPlace {
  /** Made with the data folder and kept there: a copy of the folder has the same. */
  stackId: string;
  /** Tells machines apart, also those of one name. */
  machine: string;
  /** For a person. */
  host: string;
  folder: string;
}

/** By which a running stack is known; a later claim has a greater fence, and ends this one. */
export interface Held {
  stackId: string;
  fence: number;
}

/** What those that share their work must have in common. */
export interface StackTerms {
  /** Temporal's own id of the namespace: two servers may each have one of the same name. */
  namespace: string;
  build: string;
  /** The trading configuration without what is each machine's own, as JSON. */
  configuration: string;
  /** Tell that the secrets are the same, and nothing of them. */
  guardCheck: string;
  payloadCheck: string;
  /** Missing in what an earlier release said. */
  coordinatorCheck?: string;
}

export interface Stack extends Held, StackPlace {
  kind: StackKind;
  /** Missing while it starts. */
  terms?: StackTerms;
  startedAt: number;
  heardAt: number;
  /** Until its lease runs out; 0 or less where it has. By the database's clock. */
  leftMs: number;
}

/** `after`: the first whose lease has run out, and in whose place this one will be once it has agreed. */
export type ClaimOutcome = { held: Held; after?: Stack } | { heldBy: Stack };

/** Who runs the books. Leases are held against the database's clock, not those of the machines. */
export interface StackBook {
  /**
   * Takes the books for a stack, with a fence greater than any before it. The same data folder on the same machine takes its own claim back at
   * once. Refused with the holder where another stack's lease as `first` has not run out.
   */
  claim(claim: StackPlace & { kind: StackKind }, leaseMs: number): Promise<ClaimOutcome>;
  /**
   * Says on what terms a stack runs. Refused, with those that live and are in the way: those on other terms (of another build these may differ in the
   * configuration), one of the same id, whose folder was copied, and of a first another one, which woke meanwhile. Ends those in the way that sleep.
   * False once the claim was lost.
   */
  agree(held: Held, terms: StackTerms): Promise<{ agreed: boolean; others: Stack[] }>;
  /** Prolongs the lease. False once another claim has taken its place: whoever held this one must not go on. */
  renew(held: Held): Promise<boolean>;
  release(held: Held): Promise<void>;
  /** Those that run, and those that were not heard of any more within a day, the oldest first. */
  list(): Promise<Stack[]>;
  /** Takes what may run once on all machines, e.g. `engines/freqtrade`. Returns the stack that has it: this one, or another that lives. */
  takePart(held: Held, part: string): Promise<Stack | undefined>;
  /** What each stack has taken so, by the fence of its claim. */
  parts(): Promise<{ part: string; fence: number }[]>;
}

/** The same data folder of the same machine, by whichever start. */
export function isSamePlace(a: SameAs, b: SameAs): boolean {
  return a.stackId === b.stackId && a.machine === b.machine && a.folder === b.folder;
}

type SameAs = Pick<StackPlace, 'stackId' | 'machine' | 'folder'>;

/** Not where one of them is of a release that did not tell it. */
export function isOtherToken(
  a: Pick<StackTerms, 'coordinatorCheck'>,
  b: Pick<StackTerms, 'coordinatorCheck'>,
): boolean {
  const [own, other] = [a.coordinatorCheck, b.coordinatorCheck];
  return own !== undefined && other !== undefined && own !== other;
}
