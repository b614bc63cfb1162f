import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../../client/cli/program.ts';
import { type ConditionCode, conditions } from '../../domain/health/health-conditions.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { runbookFor } from '../../trading/health/runbooks.ts';
import { runbookCommands, runbooks } from '../support/runbooks.ts';

const commands = runbookCommands();
const unique = [...new Map(commands.map((command) => [command.text, command])).values()];

/** What the README has a person type before a command. */
const readme = readFileSync(join(projectFolder, 'README.md'), 'utf8');
const [, prefix = ''] = /^`(\S+) COMMAND` in this folder/m.exec(readme) ?? [];

/** Of every system that Sapphire runs on, or of the project. */
const programs = new Set([
  './sapphire',
  'npm',
  'node',
  'curl',
  'df',
  'du',
  'ps',
  'kill',
  'date',
  'tail',
  'head',
  'sort',
  'cat',
  'ls',
]);

/** Takes the words as the command line does, up to the action. */
async function takenFor(words: readonly string[]): Promise<string> {
  const program = await createProgram(words[0]);
  const silence = (command: Command): void => {
    command.configureOutput({ writeErr: () => {}, writeOut: () => {} });
    for (const each of command.commands) silence(each);
  };
  silence(program);
  let taken = '';
  program.hook('preAction', (_program, command) => {
    taken = command.name();
    throw new Error('enough');
  });
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (taken === '') throw error;
  }
  return taken;
}

it('the README says where to stand and what to type', () => {
  expect(prefix).toBe('./sapphire');
});

it('no command stands in a runbook without what has to be typed before it', () => {
  const bare = commands.filter(({ words: [first = ''] }) => ['sapphire', 'temporal', 'npx'].includes(first));
  expect(bare.map(({ name, text }) => `${name}: ${text}`)).toEqual([]);
});

it.each(unique.filter(({ text }) => text.startsWith(`${prefix} `)))('$text is a command', async ({ words }) => {
  expect(await takenFor(words.slice(prefix.split(' ').length))).not.toBe('');
});

it('what else is typed is there on every system', () => {
  const strange = commands.flatMap(({ name, text, words }) =>
    text
      .split(' | ')
      .map((part) => (part === text ? words[0] : part.split(' ')[0]) ?? '')
      .filter((program) => !programs.has(program))
      .map((program) => `${name}: ${program} (${text})`),
  );
  expect(strange).toEqual([]);
});

it('each code of an incident leads on from the page that calls a person', () => {
  const page = runbooks().get('TradingIncidentEscalated') ?? '';
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const lead = (code: string): string[] => rows.filter((row) => row.includes(`\`${code}\``));
  const codes = Object.keys(conditions);
  expect(codes.length).toBeGreaterThan(20);
  expect(codes.filter((code) => lead(code).length !== 1)).toEqual([]);
});

it.each(Object.keys(conditions) as ConditionCode[])(
  'an incident of %s names the page that its row leads to',
  (code) => {
    const page = runbooks().get('TradingIncidentEscalated') ?? '';
    const row = page.split('\n').find((line) => line.startsWith('| `') && line.includes(`\`${code}\``)) ?? '';
    const [, first] = /\]\((\w+)\.md\)/.exec(row) ?? [];
    expect(runbookFor({ component: 'some', code })).toBe(first ?? 'TradingIncidentEscalated');
  },
);

it('every link of a runbook leads to a page, and to a heading of it', () => {
  const folder = join(projectFolder, 'deploy', 'runbooks');
  const idOf = (heading: string): string =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-');
  const broken = [...runbooks()].flatMap(([name, text]) =>
    [...text.matchAll(/\]\(([^)#]+)(?:#([^)]+))?\)/g)]
      .filter(([, path = '', anchor]) => {
        const file = join(folder, path);
        if (!existsSync(file)) return true;
        const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
          idOf(heading),
        );
        return anchor !== undefined && !headings.includes(anchor);
      })
      .map(([link]) => `${name}: ${link}`),
  );
  expect(broken).toEqual([]);
});

describe('what is generated', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  it.each([
    ['https://git.example.com/sapphire/', 'https://git.example.com/sapphire/deploy/runbooks', ''],
    ['', 'deploy/runbooks', '/'],
  ])('with the project at "%s" leads to the runbooks below %s', async (project, folder, root) => {
    vi.resetModules();
    vi.stubEnv('SAPPHIRE_PROJECT_URL', project);
    const { generatedFiles } = await import('../../deploy/observability/generate.ts');
    const files = generatedFiles();
    expect(files['rules.yml']).toContain(`runbook_url: ${folder}/TradingHalted.md\n`);
    expect(files['dashboards/system-reliability.json']).toContain(`"query": "${root}${folder}"`);
  });
});
