import { type Command, InvalidArgumentError } from 'commander';
import type { ZodString } from 'zod';
import { nameSchema, reasonSchema, referenceSchema } from '../../contracts/text.ts';
import { forPerson } from '../../venues/for-person.ts';
import { type CliContext, withContext } from './context.ts';
import { type OutputOptions, reportError } from './output.ts';
import { type Relation, takeWhatRuns } from './what-runs.ts';

type Answer = number | void;

/**
 * Adds `--json`, `--wide` and `--no-color`, and runs the action with a context; what it throws becomes one clear sentence and an exit code.
 *
 * @param prepare before the configuration is read
 */
export function action<Options extends OutputOptions, Arguments extends unknown[] = string[]>(
  command: Command,
  run: (context: CliContext, options: Options, ...args: Arguments) => Promise<Answer>,
  relation: Relation = 'asks',
  prepare: (options: Options) => void = () => {},
): Command {
  return withOutput(command).action(async (...received: unknown[]) => {
    const options: Options = { ...(received.at(-2) as Options) };
    const args = received.slice(0, -2) as Arguments;
    try {
      prepare(options);
      const unclear = takeWhatRuns(relation);
      const carriedOut = forPerson(() =>
        withContext(
          (context) => {
            const { mode, demo } = context.configuration;
            Object.assign(options, { mode, demo });
            return run(context, options, ...args);
          },
          relation,
          unclear,
        ),
      );
      process.exitCode = (await carriedOut) ?? 0;
    } catch (error) {
      process.exitCode = reportError(error, options);
    }
  });
}

/** The same for a command that is to work where the configuration is not in order. */
export function withoutContext<Options extends OutputOptions, Arguments extends unknown[] = []>(
  command: Command,
  run: (options: Options, ...args: Arguments) => void,
): Command {
  return withOutput(command).action((...received: unknown[]) => {
    const options = received.at(-2) as Options;
    try {
      run(options, ...(received.slice(0, -2) as Arguments));
    } catch (error) {
      process.exitCode = reportError(error, options);
    }
  });
}

function withOutput(command: Command): Command {
  return command
    .option('--json', 'print one JSON document')
    .option('--wide', 'print all columns, however narrow the terminal')
    .option('--no-color', 'print no colours');
}

/** Text of the command line as one printable line, else refused with the reason. */
function lineOption(name: string, schema: ZodString): (text: string) => string {
  return (text) => {
    const { success, data, error } = schema.safeParse(text);
    if (success) return data;
    throw new InvalidArgumentError(`${name}: ${error.issues.map(({ message }) => message).join('; ')}.`);
  };
}

/** Why somebody does it. */
export const reasonOption = lineOption('--reason', reasonSchema);
/** Who says that they do it. */
export const nameOption = lineOption('--by', nameSchema);
/** What a person calls it in the books. */
export const referenceOption = lineOption('--reference', referenceSchema);

/** A whole number of the command line, named in the refusal. */
export function wholeNumber(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    // Number takes blank text for zero.
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new InvalidArgumentError(`${name} must be a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** A day of the command line, UTC, as its first moment. */
export function day(text: string): number {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(at)) throw new InvalidArgumentError('must be a day as YYYY-MM-DD, UTC.');
  return at;
}

const unitMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A length of time of the command line, a minute at least, in milliseconds. */
export function duration(name: string): (text: string) => number {
  return (text) => {
    const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
    const ms = Number(count) * (unitMs[unit ?? ''] ?? 0);
    if (ms > 0) return ms;
    throw new InvalidArgumentError(
      `${name} must be a number of minutes, hours or days, at least 1m, e.g. 30m, 24h or 7d.`,
    );
  };
}
