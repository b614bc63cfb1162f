import { isAlive, type ProcessIdentity } from './process-identity.ts';

const LAUNCHER_POLL_MS = 1_000;

export interface StopSignal {
  signal: AbortSignal;
  /** The launchers whose death, of which nothing tells us, also means stop. */
  watch: (launchers: readonly ProcessIdentity[]) => void;
  /** Gives the signals back their usual effect. */
  release: () => void;
}

/** Aborted by Ctrl-C, SIGTERM, a closed terminal, or the kill of the npm that started this process. */
export function listenForStop(): StopSignal {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const stop = (): void => controller.abort();
  // Ctrl-C comes twice, from the terminal and forwarded by the bootstrap: every one after the first changes nothing.
  for (const name of signals) process.on(name, stop);
  let timer: NodeJS.Timeout | undefined;
  return {
    signal: controller.signal,
    watch: (launchers) => {
      timer = setInterval(() => {
        if (!launchers.every(isAlive)) stop();
      }, LAUNCHER_POLL_MS).unref();
    },
    release: () => {
      clearInterval(timer);
      for (const name of signals) process.off(name, stop);
    },
  };
}
