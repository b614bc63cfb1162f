export interface RestartLimits {
  /** More crashes than this within the window are too many. */
  maxRestarts: number;
  restartWindowMs: number;
  /** Doubled by each crash within the window, up to the longest. What is in its way, such as a port that is taken, may go away. */
  firstBackoffMs: number;
  longestBackoffMs: number;
  /** The pauses of what crashed too often go on from the longest backoff up to this. */
  longestPauseMs: number;
}

export interface Restart {
  /** Crashes within the window, this one included. */
  crashes: number;
  waitMs: number;
  /** It crashes too often, and did not run for a whole window since. */
  tooOften: boolean;
}

/**
 * How long to wait before a process that ended is started again: first as good as at once, since its work waits; for growing pauses when it
 * crashes again and again, so that it cannot keep the machine busy.
 *
 * @returns what follows from a crash at `at` of what was started at `startedAt`, in UTC epoch milliseconds
 */
export function restartPolicy(limits: RestartLimits): (at: number, startedAt: number) => Restart {
  let recent: number[] = [];
  let pauses = 0;
  return (at, startedAt) => {
    recent = [...recent.filter((before) => before > at - limits.restartWindowMs), at];
    if (at - startedAt > limits.restartWindowMs) pauses = 0;
    const crashes = recent.length;
    const backoffMs = Math.min(limits.longestBackoffMs, limits.firstBackoffMs * 2 ** (crashes - 1));
    // Pauses empty the window: what was paused and crashes again at once would otherwise count as mended.
    if (crashes <= limits.maxRestarts && pauses === 0) return { crashes, waitMs: backoffMs, tooOften: false };
    pauses += 1;
    const pauseMs = Math.min(limits.longestPauseMs, limits.longestBackoffMs * 2 ** pauses);
    return { crashes, waitMs: pauseMs, tooOften: true };
  };
}
