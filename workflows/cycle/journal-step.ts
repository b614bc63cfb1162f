/**
 * Of transactions of the journal on this worker's own machine: a marker in the history instead of two dispatches. Kept under a second, so that a
 * stop is seen. Pauses reach the threshold, above which they are timers: tries that the worker repeats by itself never come to the end of their
 * `scheduleToCloseTimeout`, and the cycle would hang until its own (seen with SDK 1.24).
 */
export const journalStep = {
  startToCloseTimeout: '1s',
  localRetryThreshold: '400ms',
  retry: { initialInterval: '50ms', backoffCoefficient: 2, maximumInterval: '500ms' },
} as const;
