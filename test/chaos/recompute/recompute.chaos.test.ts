import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { projectFolder } from '../../../runtime/configuration/folders.ts';
import { haltsFromWithin } from '../traffic.ts';
import type { LiveReport } from './live.ts';

const run = promisify(execFile);

it.each(['sqlite', 'postgres'])(
  'the books on %s, and every report of them, are what the exchange’s own records make of it',
  { timeout: 400_000 },
  async (books) => {
    const script = join(projectFolder, 'test', 'chaos', 'recompute', 'run.ts');
    const { stdout } = await run(process.execPath, [script, books]).catch((error: unknown) => {
      // Violations are an exit code and a report; anything else is a fault of the run.
      const { stdout: report } = error as { stdout?: string };
      if (report?.startsWith('{')) return { stdout: report };
      throw error;
    });
    const report = JSON.parse(stdout) as LiveReport;
    expect(report.violations).toEqual([]);
    // Nothing is proved by what did not happen.
    expect(Object.entries(report.booked).filter(([, count]) => count === 0)).toEqual([]);
    expect(Object.keys(report.fees)).toContain('BNB');
    // Nobody but us trades here: a halt from within has found a hole in the books.
    expect(report.halts.filter((halt) => haltsFromWithin.includes(halt.split(':')[0] ?? ''))).toEqual([]);
  },
);
