import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
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

it('follows the logs until Ctrl-C', async () => {
  const logs = join(environment['SAPPHIRE_DATA'] ?? '', 'logs');
  mkdirSync(logs, { recursive: true });
  const file = join(logs, 'workers-cycles.log');
  const line = (msg: string, at: number): string => `${JSON.stringify({ time: new Date(at).toISOString(), msg })}\n`;
  writeFileSync(file, line('long ago', Date.now() - 3_600_000));
  const child = spawn(program[0] ?? '', [...program.slice(1), 'logs', '--follow', '--json'], { env: environment });
  let said = '';
  child.stdout.on('data', (chunk) => (said += String(chunk)));
  for (let count = 1; count <= 2; count += 1) {
    await expect
      .poll(() => {
        if (said === '' || count > 1) appendFileSync(file, line(`new ${count}`, Date.now() + 1_000));
        return said;
      })
      .toContain(`new ${count}`);
  }
  expect(said).not.toContain('long ago');
  for (const each of said.trimEnd().split('\n')) expect(JSON.parse(each)).toHaveProperty('message');
  child.kill('SIGINT');
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal ?? code).toBe('SIGINT');
});
