import { CommanderError } from 'commander';
import { ExitCode } from '../../contracts/errors.ts';
import { createProgram } from './program.ts';

// Whoever read our output is gone: what runs is stopped as by any other request to stop.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.kill(process.pid, 'SIGTERM');
});

try {
  const program = await createProgram(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version end well; everything else that commander throws is a fault of usage, which it has printed.
  process.exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
}
