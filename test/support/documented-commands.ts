import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { createProgram } from '../../client/cli/program.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';

export interface DocumentedCommand {
  page: string;
  /** As it is typed, on one line, its placeholders in capital letters. */
  text: string;
}

const typed =
  /^(?:[A-Z_]+=\S+ )*(?:\.\/sapphire|npm|npx|node|temporal|curl|docker|apt-get|su|python3|forecasters\/\S+) /;

/** Every command of the README and of the pages it leads to, once each, in the order in which a reader meets them. */
export async function documentedCommands(): Promise<DocumentedCommand[]> {
  const docs = readdirSync(join(projectFolder, 'docs')).filter((name) => name.endsWith('.md'));
  const pages = ['README.md', ...docs.map((name) => join('docs', name))];
  const program = await createProgram();
  const all = pages.flatMap((page) => {
    const text = readFileSync(join(projectFolder, page), 'utf8');
    return [...inText(text), ...inTable(text, program)].map((command) => ({ page, text: command }));
  });
  return all.filter(({ text }, at) => all.findIndex((one) => one.text === text) === at);
}

/** Lines of its blocks of code, and spans within its sentences. */
function inText(page: string): string[] {
  const blocks = [...page.matchAll(/(?:^|\n\n)((?: {4}[^\n]*(?:\n|$))+)/g)].flatMap(([, block = '']) =>
    block
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')
      .map(withoutRemark),
  );
  const spans = [...page.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  return [...blocks, ...spans].filter((text) => typed.test(`${text} `)).flatMap(withAndWithout);
}

/** Rows of the table of commands, where a second one may leave out the group that it shares with the one before. */
function inTable(page: string, program: Command): string[] {
  const [, table = ''] = page.split(/^\| command +\| does.*\n/m);
  const rows = [...(table.split('\n\n')[0] ?? '').matchAll(/^\| (`.+?`) +\|/gm)].map(([, cell = '']) => cell);
  return rows.flatMap((cell) => {
    let group: Command | undefined;
    return [...cell.matchAll(/`([a-z][^`]*)`/g)].flatMap(([, span = '']) => {
      const first = span.split(' ')[0];
      const isWithin = group?.commands.some((command) => command.name() === first) ?? false;
      if (!isWithin) group = program.commands.find((command) => command.name() === first);
      return withAndWithout(isWithin ? `./sapphire ${group?.name()} ${span}` : `./sapphire ${span}`);
    });
  });
}

/** What stands two spaces behind a command says what it does. */
function withoutRemark(line: string): string {
  return (/^(?:"[^"]*"|'[^']*'|\S| (?! ))+/.exec(line.trim())?.[0] ?? '').trim();
}

/** What may be given is tried given and left out. */
function withAndWithout(text: string): string[] {
  if (!/ \[[-A-Z]/.test(text)) return [text];
  const without = text.replaceAll(/ \[[-A-Z](?:[^[\]]|\[[^[\]]*\])*\]/g, '');
  return [without, text.replaceAll(/[[\]]/g, '')];
}
