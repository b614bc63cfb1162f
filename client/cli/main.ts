import { CommanderError } from 'commander';
import { ExitCode } from '../../contracts/errors.ts';
import { bearClosedOutput } from './closed-output.ts';
import { createProgram } from './program.ts';

bearClosedOutput(process.argv[2]);

try {
  const program = await createProgram(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version end well; everything else that commander throws is a fault of usage, which it has printed.
  process.exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
}
