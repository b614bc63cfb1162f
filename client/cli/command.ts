import { type Command, InvalidArgumentError } from 'commander';
import { type CliContext, withContext } from './context.ts';
import { type OutputOptions, reportError } from './output.ts';

type Answer = number | void;

/** Adds `--json` and runs the action with a context; what it throws becomes one clear sentence and an exit code. */
export function action<Options extends OutputOptions, Arguments extends unknown[] = string[]>(
  command: Command,
  run: (context: CliContext, options: Options, ...args: Arguments) => Promise<Answer>,
): Command {
  return command.option('--json', 'print one JSON document').action(async (...received: unknown[]) => {
    const options: Options = { ...(received.at(-2) as Options) };
    const args = received.slice(0, -2) as Arguments;
    try {
      process.exitCode =
        (await withContext((context) => {
          options.mode = context.configuration.mode;
          return run(context, options, ...args);
        })) ?? 0;
    } catch (error) {
      process.exitCode = reportError(error, options);
    }
  });
}

/** A whole number of the command line, named in the refusal. */
export function wholeNumber(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new InvalidArgumentError(`${name} must be a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}
