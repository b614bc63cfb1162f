import { type Command, CommanderError } from 'commander';
import { UserError } from '../../contracts/errors.ts';
import { pathOf } from './help.ts';
import { reportError } from './output.ts';
import { createProgram } from './program.ts';

/** Runs what was typed; its end is the process's exit code, and with `--json` a fault is the last line of stdout, whatever fault it is. */
export async function runProgram(words: readonly string[]): Promise<void> {
  const json = asksForJson(words);
  const program = await createProgram(words[0]);
  try {
    await program.parseAsync([...words], { from: 'user' });
  } catch (error) {
    process.exitCode =
      error instanceof CommanderError ? endOf(error, program, words, json) : reportError(error, { json });
  }
}

function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end === -1 ? undefined : end).includes('--json');
}

/** Help and version end well; everything else that commander throws is a fault of usage. */
function endOf({ exitCode, message, code }: CommanderError, program: Command, words: readonly string[], json: boolean) {
  if (exitCode === 0) return 0;
  const command = namedBy(program, words);
  const path = pathOf(command);
  const said =
    code === 'commander.help'
      ? `${path} needs one of its commands: ${command.commands.map((each) => each.name()).join(', ')}.`
      : sentence(message.replace(/^error: /, ''));
  return reportError(new UserError('Usage', said, `See "${path} --help".`), { json });
}

/** Commander ends some of its messages and not others, and puts what was meant on a line of its own. */
function sentence(message: string): string {
  const [what = '', meant] = message.split('\n');
  const words = meant === undefined ? what : `${what}, ${meant.replace(/^\(D(.*)\)$/, 'd$1')}`;
  return /[.?]$/.test(words) ? words : `${words}.`;
}

function namedBy(program: Command, words: readonly string[]): Command {
  const [word, ...rest] = words;
  const command = program.commands.find((each) => each.name() === word);
  return command ? namedBy(command, rest) : program;
}
