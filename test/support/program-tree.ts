import type { Command } from 'commander';
import { createProgram } from '../../client/cli/program.ts';

export interface Leaf {
  /** As it is typed, e.g. `['risk', 'set']`. */
  path: string[];
  command: Command;
  /** Of its help, without `./sapphire`, each as its words. */
  examples: string[][];
}

/** Every command that does something, and none that only holds others. */
export async function leavesOfProgram(): Promise<Leaf[]> {
  const { commands } = await createProgram();
  return commands.flatMap((command) => leavesOf(command, []));
}

function leavesOf(command: Command, above: string[]): Leaf[] {
  const path = [...above, command.name()];
  if (command.commands.length > 0) return command.commands.flatMap((child) => leavesOf(child, path));
  return [{ path, command, examples: examplesIn(helpOf(command)) }];
}

/** What `--help` prints. */
export function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
}

function examplesIn(help: string): string[][] {
  const [, after = ''] = /^Examples?:\n([\s\S]*)/m.exec(help) ?? [];
  return after.split('\n').flatMap((line) => {
    // A remark stands in brackets, or two spaces behind.
    const [, typed] = /^ {2}\.\/sapphire ((?:"[^"]*"|'[^']*'|[^\s"'(]| (?=[^ (]))+)/.exec(line) ?? [];
    if (typed === undefined) return [];
    const words = wordsOf(typed);
    return [words.slice(0, words.includes('|') ? words.indexOf('|') : undefined)];
  });
}

/** As a shell parts them, of what examples have: words, and words in quotes. */
export function wordsOf(typed: string): string[] {
  return [...typed.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word.replaceAll(/["']/g, ''));
}
