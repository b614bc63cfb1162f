import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createProgram } from '../../client/cli/program.ts';
import { readProfile } from '../../client/stack/profile.ts';
import { temporalBinary } from '../../client/stack/temporal-binary.ts';
import { configuredPolicy } from '../../contracts/config/schema.ts';
import { ExitCode } from '../../contracts/errors.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { openJournal } from '../../stores/journal/open.ts';
import { makeInstallation } from '../support/installation.ts';
import { runbookCommands } from '../support/runbooks.ts';

const run = promisify(execFile);
const typed = runbookCommands().flatMap(({ words: [first, ...words] }) => (first === './sapphire' ? [words] : []));
const unique = [...new Map(typed.map((words) => [words.join(' '), words])).entries()];

/** What reads books, logs or warehouse alone, and so answers with nothing else running. */
const readers =
  /^(agents (calls|costs|list|scores)|backup list|cycle list|incident list|logs --(level|process|since)|orders|portfolio( show)?$|report|risk show|status|warehouse status)/;

it('the command is there in the folder of the project', async () => {
  const { stdout } = await run('./sapphire', ['--version'], { cwd: projectFolder });
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

describe('with books and nothing that runs', () => {
  const original = { ...process.env };
  let written = '';
  beforeAll(async () => {
    const { environment } = await makeInstallation();
    Object.assign(process.env, environment);
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => (written += String(text)) !== '');
    const configuration = loadConfiguration();
    const journal = await openJournal(configuration);
    await journal.risk.adopt('main', configuration.risk);
    await journal.policy.adopt('main', configuredPolicy(configuration));
    await journal.close();
  });
  afterEach(() => {
    written = '';
    process.exitCode = 0;
  });
  afterAll(() => {
    vi.restoreAllMocks();
    process.env = original;
  });

  it.each(unique.filter(([text]) => readers.test(text)))('%s answers', async (_text, words) => {
    await (await createProgram(words[0])).parseAsync(words, { from: 'user' });
    expect([ExitCode.ok, ExitCode.unhealthy]).toContain(process.exitCode);
    expect(written.trim()).not.toBe('');
  });
});

describe('of Temporal', () => {
  let binary: string;
  beforeAll(async () => {
    const { signal } = new AbortController();
    binary = await temporalBinary(readProfile().temporal, { onProgress: () => {}, signal });
  });

  it.each(unique.filter(([, [first]]) => first === 'temporal').map(([text, [, ...words]]) => [text, words] as const))(
    '%s is a command with these options',
    async (_text, words) => {
      const firstOption = words.findIndex((word) => word.startsWith('--'));
      const path = firstOption === -1 ? words : words.slice(0, firstOption);
      const { stdout } = await run(binary, [...path, '--help']);
      // Of a name that it does not know it prints the help of what stands above.
      expect(stdout).toContain(`temporal ${path.join(' ')} [flags]`);
      const options = words.filter((word) => word.startsWith('--'));
      for (const option of options) expect(stdout).toContain(`${option} `);
    },
  );
});
