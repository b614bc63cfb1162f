const FORCED_EXIT_MS = 8_000;

let closing = false;

/** Whether this process was asked to end, and the others, most likely, with it. */
export function isClosing(): boolean {
  return closing;
}

/** Says on stdout how far this process is on the way to serving: whoever waits for it shows it, and does not take it for one that hangs. */
export function announceProgress(progress: string): void {
  process.stdout.write(`${JSON.stringify({ progress })}\n`);
}

/** Says on stdout that this process serves, in the one line that its supervisor waits for. */
export function announceReady(url?: string): void {
  process.stdout.write(`${JSON.stringify({ ready: true, url })}\n`);
}

/**
 * Closes once on SIGTERM, SIGINT, or the end of the supervisor, which a supervised process sees as the end of its stdin: a supervisor that was
 * killed leaves no process behind.
 */
export function onShutdown(close: () => Promise<void>): void {
  const shutDown = (): void => {
    if (closing) return;
    closing = true;
    setTimeout(() => process.exit(1), FORCED_EXIT_MS).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(
          `${JSON.stringify({ level: 'error', msg: `the process did not close cleanly: ${String(error)}` })}\n`,
        );
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', shutDown);
  process.on('SIGINT', shutDown);
  if (process.env['SAPPHIRE_SUPERVISED'] === '1') {
    process.stdin.resume();
    process.stdin.on('end', shutDown);
    process.stdin.on('close', shutDown);
  }
}
