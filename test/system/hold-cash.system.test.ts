import { beforeAll, describe, expect, it } from 'vitest';
import { type Installation, makeInstallation } from '../support/installation.ts';

/** The cycles' lines of a screen. */
const linesOf = (stdout: string): string[] => stdout.split('\n').filter((line) => /^\d\d:\d\d:\d\d │/.test(line));

/** A bound on what hangs; how long a start takes is the machine's affair. */
describe('a system without a key, a model or a record', { timeout: 300_000 }, () => {
  let installation: Installation;
  const trade = async (): Promise<string> => {
    const { code, stdout, stderr } = await installation.startAndWait('--cycles', '3', '--exit');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(linesOf(stdout)).toHaveLength(3);
    return stdout;
  };
  beforeAll(async () => {
    installation = await makeInstallation();
  });

  it('holds cash, says so, and what to do about it', async () => {
    installation.configure({ demo: false });
    const screen = await trade();
    expect(screen).toMatch(/HOLDS CASH until an agent has earned belief.*\n.*switch agents on.*"demo: true"/);
    for (const line of linesOf(screen)) expect(line).toMatch(/│ no orders │ 0 fills │ equity 10000\.00 USDT/);
    const { stdout: status } = await installation.sapphire('status');
    expect(status).toMatch(
      /^paper, agents are believed as far as their own record goes[^]*\n[^]*HOLDS CASH until an agent has earned belief/,
    );
  });

  it('trades in a demo, on the same books and the same signals, and each screen says what that is', async () => {
    installation.configure({ demo: true });
    const screen = await trade();
    expect(screen).toMatch(/DEMO: agents are taken at their word.*lost \d+\.\d % in 28 days/);
    expect(linesOf(screen).some((line) => /│ (buy|sell) .* [1-9]\d* fills │/.test(line))).toBe(true);
    const { stdout: status } = await installation.sapphire('status');
    expect(status).toMatch(/^paper, demo: [^]*DEMO: agents are taken at their word/);
    expect((await installation.sapphire('portfolio')).stdout).toMatch(/^paper, demo: /);
  });
});
