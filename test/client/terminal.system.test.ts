import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { widthOf } from '../../client/cli/table.ts';
import { ExitCode } from '../../contracts/errors.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { makeInstallation } from '../support/installation.ts';
import { inTerminal } from '../support/terminal.ts';

const program = [process.execPath, join(projectFolder, 'client', 'cli', 'main.ts')];
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  ({ environment } = await makeInstallation());
});

describe.each([80, 120])('in a terminal of %i columns', (columns) => {
  it.each([
    [['--help'], ExitCode.ok],
    [['report', '--help'], ExitCode.ok],
    [['report'], ExitCode.ok],
    [['report', 'list'], ExitCode.ok],
    [['config', 'check'], ExitCode.ok],
    [['config', 'show'], ExitCode.ok],
    [['statsu'], ExitCode.usage],
    [['incident', 'list'], ExitCode.notConfigured],
  ])('%j fits, and ends with %i', async (words, exit) => {
    const { code, lines } = await inTerminal([...program, ...words], { columns, environment });
    expect(code).toBe(exit);
    // Words of stderr are broken by the terminal itself.
    const tooWide = exit === ExitCode.ok ? lines.filter((line) => widthOf(line) > columns) : [];
    expect(tooWide).toEqual([]);
    expect(lines.join('\n')).not.toMatch(/^\s+at .*\.ts:\d+/m);
  });
});

it('ends without a word of ours where whoever read it has gone', async () => {
  const { code, lines } = await inTerminal(['sh', '-c', `"${program[0]}" "${program[1]}" config reference | head -1`], {
    environment,
  });
  expect(lines).toEqual(['# Configuration']);
  expect(code).toBe(0);
});
