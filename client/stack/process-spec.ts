/** One process of the stack: how it is started, what says that it works, and what becomes of the others where it does not. */
export interface ProcessSpec {
  name: string;
  command: string;
  args: readonly string[];
  /** That it runs in; the supervisor's own without one. */
  folder?: string;
  /** Besides its share of the supervisor's environment, which goes by its name. */
  environment?: Record<string, string>;
  /** Resolves, once the process serves, with its address. Without it the process says so by its ready line on stdout. */
  probe?: (signal: AbortSignal) => Promise<string | undefined>;
  /** That its probe asks at, where nobody but the process itself is to answer. */
  port?: number;
  /** Whether it works is asked for again and again, by its probe or at its address: one that does not answer is ended and started anew. */
  watched?: boolean;
  /** How long one question of its watch may take, where it needs longer than any other. In milliseconds. */
  answersWithinMs?: number;
  /** Below its address, in place of /healthz. */
  healthPath?: string;
  /** One that does and cannot be kept running ends the stack. Any other is left down, alone, for growing pauses, and tried for ever. */
  protectsMoney: boolean;
  /** It protects no money, and yet there is nothing to start for without it. */
  neededAtStart?: boolean;
  /** Why what stands outside of it, and it cannot do without, is away, for a person: an end meanwhile is none of its own, and is not counted. Never rejects. */
  away?: () => Promise<string | undefined>;
  /** A program of ours whose exit code `startAnew` is its own word, and without which money is not protected. Of any other it is a crash as all are. */
  mayStartAnew?: boolean;
}
