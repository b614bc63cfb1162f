import { expect, it } from 'vitest';
import { createProgram } from '../../client/cli/program.ts';
import { helpOf, leavesOfProgram } from '../support/program-tree.ts';

const leaves = await leavesOfProgram();

it('has an example of every command', () => {
  const without = leaves.filter(({ examples }) => examples.length === 0).map(({ path }) => path.join(' '));
  expect(without).toEqual([]);
});

it.each(leaves.map(({ path, examples }) => [path.join(' '), examples] as const))(
  '%s has itself among its examples',
  (path, examples) => {
    expect(examples.some((words) => words.join(' ').startsWith(path) || path.startsWith(words[0] ?? '-'))).toBe(true);
  },
);

it.each(leaves.flatMap(({ examples }) => examples.map((words) => [words.join(' '), words] as const)))(
  './sapphire %s is taken as it stands',
  async (_text, words) => {
    const program = await createProgram(words[0]);
    const ran: string[] = [];
    for (const { command, path: own } of await leavesOf(program)) command.action(() => void ran.push(own.join(' ')));
    await program.parseAsync([...words], { from: 'user' });
    expect(ran).toHaveLength(1);
    expect(ran[0]?.startsWith(words[0] ?? '-')).toBe(true);
  },
);

async function leavesOf({ commands }: Awaited<ReturnType<typeof createProgram>>) {
  const visit = (list: typeof commands, above: string[]): { command: (typeof commands)[number]; path: string[] }[] =>
    list.flatMap((command) => {
      const path = [...above, command.name()];
      return command.commands.length > 0 ? visit(command.commands, path) : [{ command, path }];
    });
  return visit(commands, []);
}

it.each(leaves.map(({ path, command }) => [path.join(' '), command] as const))(
  '%s says its defaults in a person’s words',
  (_path, command) => {
    const defaults = [...helpOf(command).matchAll(/\(default: ([\s\S]*?)\)/g)].map(([, text = '']) => text);
    expect(defaults.filter((text) => /^\d{6,}$|^\[\]$|^\{\}$/.test(text))).toEqual([]);
  },
);

it.each(['report', 'portfolio', 'backup'])('%s --help has the options of what it does by itself', async (name) => {
  const { commands } = await createProgram(name);
  const [group] = commands;
  const own = leaves.find(({ path, command }) => path[0] === name && isDefaultOf(group, command.name()));
  expect(own).toBeDefined();
  for (const { long } of own?.command.options ?? []) expect(helpOf(group as never)).toContain(long);
});

function isDefaultOf(group: unknown, name: string): boolean {
  return Reflect.get(Object(group), '_defaultCommandName') === name;
}
