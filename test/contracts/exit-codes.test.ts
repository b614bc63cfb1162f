import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ExitCode, errorCodes, exitCodeOf, UserError } from '../../contracts/errors.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';

test('every fault ends a command with one exit code, decided in one place', () => {
  expect(new Set(errorCodes).size).toBe(errorCodes.length);
  for (const code of errorCodes) expect(new UserError(code, 'No.').exitCode).toBe(exitCodeOf(code));
});

test.each([
  // What there is not, by whatever name it was asked for.
  ['AgentUnknown', ExitCode.usage],
  ['CycleUnknown', ExitCode.usage],
  ['NoSuchIncident', ExitCode.usage],
  ['NoSuchModel', ExitCode.usage],
  ['NoSuchReport', ExitCode.usage],
  ['NoSuchBackup', ExitCode.usage],
  // What the books, the limits or another command refuse.
  ['Refused', ExitCode.refused],
  ['NotFree', ExitCode.refused],
  ['NotHeld', ExitCode.refused],
  ['StaleEpoch', ExitCode.refused],
  ['PaperAccountRefused', ExitCode.refused],
  // What was never set up.
  ['NoBooks', ExitCode.notConfigured],
  ['NoPolicy', ExitCode.notConfigured],
  ['ScheduleMissing', ExitCode.notConfigured],
] as const)('%s is %i', (code, exit) => {
  expect(exitCodeOf(code)).toBe(exit);
});

test('the README names the exit codes as they are', () => {
  const readme = readFileSync(join(projectFolder, 'README.md'), 'utf8');
  const [, line = ''] = /^Exit codes: (.*)\.$/m.exec(readme) ?? [];
  const named = line.split(', ').map((part) => Number(part.split(' ')[0]));
  const { startAnew: _ofServiceManagers, ...documented } = ExitCode;
  expect(named).toEqual(Object.values(documented));
});
