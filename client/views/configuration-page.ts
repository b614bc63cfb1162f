import { variables } from '../../runtime/configuration/variables.ts';
import { type DescribedKey, profileKeys, tradingKeys } from './configuration-keys.ts';

const HEAD = `# Configuration

Every key and variable there is. This page is made of the schemas that read them: \`./sapphire config reference > docs/configuration.md\`.

    ./sapphire config show             what holds now, and whether it is a default, of a file or of the environment
    ./sapphire config check            every fault of the two files and of the environment, at once
    ./sapphire config check FILE       of one file
    ./sapphire config defaults         a trading.yml that says what holds without one

\`trading.yml\` says how trading is done, \`temporal-dev.yml\` how the development stack runs; \`SAPPHIRE_CONFIG\` and \`SAPPHIRE_STACK\` name other
files. Each key of \`trading.yml\` may be left out. An unknown key, and a value that cannot be, is named with what it must be when you start, and nothing
starts (exit code 3). Amounts are in the currency and stand in quotes; a share of 3 % is 0.03; a duration is a number, whose unit ends its key.
Secrets stand in neither file.

A change counts from the next start on. What \`./sapphire risk set\`, \`policy set\` and \`agents set\` change is kept in the books and counts from the next cycle on; it
stands until the file's own value changes.`;

/** docs/configuration.md. */
export function configurationPage(): string {
  return `${[
    HEAD,
    '## trading.yml',
    ...sections(tradingKeys()),
    '## temporal-dev.yml',
    'Where it has no default, the file must say it.',
    tableOf(profileKeys()),
    '## Environment variables',
    'A variable that is set and empty is refused; an empty secret is none. A secret may stand in a file of its own: `NAME_FILE` names it. The end of a line that follows a secret is dropped.',
    table(
      ['variable', 'for'],
      variables.map(({ name, meaning, isSecret }) => [`\`${name}\`${isSecret ? ' (secret)' : ''}`, meaning]),
    ),
  ].join('\n\n')}\n`;
}

/** A table for each key of the top; those that hold no others stand together before them. */
function sections(keys: readonly DescribedKey[]): string[] {
  const single = keys.filter(({ path }) => path.length === 1);
  const groups = [...new Set(keys.filter(({ path }) => path.length > 1).map(({ path }) => groupOf(path)))];
  return [
    tableOf(single),
    ...groups.flatMap((group) => [
      `### ${group}`,
      tableOf(
        keys.filter(({ path }) => path.length > 1 && groupOf(path) === group),
        group,
      ),
    ]),
  ];
}

function groupOf([first = '', second = '']: readonly string[]): string {
  return first === 'agents' ? `${first}.${second}` : first;
}

function tableOf(keys: readonly DescribedKey[], group = ''): string {
  return table(
    ['key', 'what it is', 'default', 'meaning'],
    keys.map(({ path, of, kind, default: value, isRequired, meaning }) => [
      `\`${path.join('.').replace(`${group}.`, '').replaceAll('.[]', '[]')}\`${of === undefined || path.at(-1) === 'kind' ? '' : ` (${of})`}`,
      kind,
      value === undefined ? (isRequired ? 'must be given' : '') : `\`${shortened(JSON.stringify(value))}\``,
      meaning,
    ]),
  );
}

const LONGEST = 60;

function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 2)} …`;
}

/** As formatters set one: each column as wide as its widest cell. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [first = [], ...others] = all;
  return [line(first), line(widths.map((width) => '-'.repeat(width))), ...others.map(line)].join('\n');
}
