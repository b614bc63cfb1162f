import { type Command, Help, type Option } from 'commander';

const days = 86_400_000;
const lengths = [
  ['d', days],
  ['h', 3_600_000],
  ['m', 60_000],
] as const;

/** As it would be typed: options that take an age are kept in milliseconds. */
function defaultOf({ defaultValue, flags }: Option): unknown {
  if (typeof defaultValue === 'object' && defaultValue !== null && Object.keys(defaultValue).length === 0)
    return undefined;
  if (typeof defaultValue !== 'number' || !/<(age|duration|time)>/.test(flags)) return defaultValue;
  const [unit, ms] = lengths.find(([, length]) => defaultValue % length === 0) ?? ['ms', 1];
  return `${defaultValue / ms}${unit}`;
}

class OwnHelp extends Help {
  override optionDescription(option: Option): string {
    const { defaultValue, defaultValueDescription } = option;
    const shown = defaultOf(option);
    Object.assign(option, {
      defaultValue: shown,
      ...(typeof shown === 'string' && shown !== defaultValue ? { defaultValueDescription: shown } : {}),
    });
    try {
      return super.optionDescription(option);
    } finally {
      Object.assign(option, { defaultValue, defaultValueDescription });
    }
  }
}

/** Before any command is added, each of which inherits it. */
export function useOwnHelp(program: Command): void {
  const help = new OwnHelp();
  program.configureHelp({ optionDescription: (option) => help.optionDescription(option) });
}

/** After all are added: what each command's help must have that the command itself need not say. */
export function completeHelp(command: Command): void {
  if (command.commands.length === 0) {
    if (isWithoutExample(command) && needsNothing(command))
      command.addHelpText('after', `\nExample:\n  ${pathOf(command)}`);
    return;
  }
  const byItself = defaultOfGroup(command);
  if (byItself) command.addHelpText('after', () => optionsOf(byItself));
  for (const each of command.commands) completeHelp(each);
}

/** Of a group that does something without one of its commands, that command is part of it. */
function optionsOf(command: Command): string {
  const text = command.helpInformation();
  return `\nWithout one of these it is "${command.name()}":\n${text.slice(text.indexOf('\nOptions:'))}`.trimEnd();
}

function defaultOfGroup(group: Command): Command | undefined {
  const name: unknown = Reflect.get(group, '_defaultCommandName');
  return group.commands.find((each) => each.name() === name);
}

function isWithoutExample(command: Command): boolean {
  return (command as unknown as NodeJS.EventEmitter).listenerCount('afterHelp') === 0;
}

function needsNothing({ registeredArguments, options }: Command): boolean {
  return !registeredArguments.some(({ required }) => required) && !options.some(({ mandatory }) => mandatory);
}

/** As it is typed. */
export function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
