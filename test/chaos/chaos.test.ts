import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { projectFolder } from '../../contracts/config/folders.ts';
import type { CampaignReport } from './campaign.ts';
import { failpointNames, type MutantName, mutants } from './rewrites.ts';

const run = promisify(execFile);

async function chaos(...args: string[]): Promise<CampaignReport> {
  const script = join(projectFolder, 'test', 'chaos', 'run.ts');
  const options = { cwd: projectFolder, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await run(process.execPath, [script, '--json', ...args], options).catch((error: unknown) => {
    // Violations are an exit code and a report; anything else is a fault of the harness.
    const { stdout: report } = error as { stdout?: string };
    if (report?.startsWith('{')) return { stdout: report };
    throw error;
  });
  return JSON.parse(stdout) as CampaignReport;
}

describe('the whole system under attack', () => {
  /** Whether every kind of attack has struck. What has no violation to show for it may be tried again, with other numbers. */
  const wasAttacked = ({ deeds, failpoints, ordersSent, failedLaterLegs, replayed }: CampaignReport): boolean =>
    Object.values(failpoints).reduce((total, count) => total + count, 0) >= failpointNames.length &&
    deeds.kills > 0 &&
    deeds.restarts > 0 &&
    deeds.stops.length > 3 &&
    failedLaterLegs > 0 &&
    ordersSent > 20 &&
    ['tradingCycle', 'executeOrder', 'executePlan'].every((type) => type in replayed);

  it('loses and doubles nothing', { timeout: 800_000 }, async () => {
    const first = await chaos('--cycles', '25');
    expect(first.violations).toEqual([]);
    if (wasAttacked(first)) return;
    const second = await chaos('--cycles', '25', '--seed', '2');
    expect(second).toMatchObject({ violations: [] });
    expect({ ...second, attacked: wasAttacked(second) }).toMatchObject({ attacked: true });
  });
});

describe('a bug on purpose', () => {
  // Six cycles may pass by a bug that needs a stop or a kill at the right moment; twelve do not.
  // Two at a time: each waits more than it works, and what it has to show is no matter of time.
  it.concurrent.each(Object.keys(mutants) as MutantName[])(
    '%s is found',
    { timeout: 200_000, retry: 1 },
    async (name) => {
      const { violations } = await chaos('--cycles', '6', '--mutant', name);
      const broken = new Set(violations.map(({ invariant }) => invariant));
      expect(mutants[name].breaks.filter((invariant) => broken.has(invariant))).not.toEqual([]);
    },
  );
});
