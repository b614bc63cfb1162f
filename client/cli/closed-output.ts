/** What must come to its end, or run on, though nobody reads what it says. */
const unheard: ReadonlySet<string | undefined> = new Set(['up', 'stop']);

/** As a shell has it of a program that SIGPIPE ended, which Node ignores: of any other signal the shell would tell a person. */
const CLOSED = 141;

/**
 * Whoever read our output is gone (EPIPE), or the terminal is (EIO). A stop goes on to its end, and what trades runs on without a screen until it is
 * stopped; any other command that nobody reads any more is stopped. What goes to stderr is never a reason to end.
 */
export function bearClosedOutput(command: string | undefined): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
      if (stream === process.stdout && !unheard.has(command)) process.exit(CLOSED);
    });
  }
}
