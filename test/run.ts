import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { isAlive, launchers } from '../client/stack/process-identity.ts';
import { readProfile } from '../client/stack/profile.ts';
import { temporalBinary, testServerBinary } from '../client/stack/temporal-binary.ts';
import { UserError } from '../contracts/errors.ts';
import { projectFolder } from '../runtime/configuration/folders.ts';
import { chosen } from './support/chosen-tests.ts';
import { endLeftovers } from './support/leftovers.ts';

const reportSchema = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) })),
});

interface Count {
  passed: number;
  failed: number;
}

function onProgress(message: string): void {
  process.stdout.write(`${message}\n`);
}

/** Fetched before the first test, whose time limit does not allow for a download. */
async function prepare(): Promise<void> {
  const { temporal } = readProfile();
  await temporalBinary(temporal, { onProgress });
  await testServerBinary(temporal, { onProgress });
}

async function runVitest(reportFile: string, temporary: string, args: readonly string[]): Promise<number> {
  const vitest = join(projectFolder, 'node_modules', 'vitest', 'vitest.mjs');
  const slowest = join(projectFolder, 'test', 'support', 'slowest-files.ts');
  const options = ['run', '--reporter=default', `--reporter=${slowest}`, '--reporter=json'];
  const child = spawn(process.execPath, [vitest, ...options, `--outputFile.json=${reportFile}`, ...args], {
    cwd: projectFolder,
    stdio: 'inherit',
    env: { ...process.env, TMPDIR: temporary },
  });
  // The terminal gives Ctrl-C to vitest as well; we wait for its end to count.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  // Who was killed outright passes no signal on.
  const above = launchers();
  setInterval(() => above.every(isAlive) || child.kill(), 1_000).unref();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** A file that could not be loaded has no tests to count, and a run that failed outside of tests has none that failed: each is one failure. */
function countTests(reportFile: string, exitCode: number): Count {
  if (!existsSync(reportFile)) return { passed: 0, failed: 1 };
  const report = reportSchema.parse(JSON.parse(readFileSync(reportFile, 'utf8')));
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
  ).length;
  const failed = report.numFailedTests + unloaded;
  return { passed: report.numPassedTests, failed: exitCode !== 0 && failed === 0 ? 1 : failed };
}

/** What a process that is about to end still writes there is no fault of the tests. */
function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  } catch (error) {
    process.stderr.write(`${path} could not be removed: ${String(error)}\n`);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'sapphire-test-'));
/** Of all that the tests write: gone after a good run, left to be looked at after another. */
const temporary = join(folder, 'tmp');
try {
  mkdirSync(temporary);
  // PostgreSQL runs as a user of its own, who has to get there.
  for (const path of [folder, temporary]) chmodSync(path, 0o755);
  await prepare();
  const reportFile = join(folder, 'report.json');
  const wanted = chosen(process.argv.slice(2));
  const endAll = endLeftovers(temporary);
  const exitCode = await runVitest(reportFile, temporary, wanted);
  await endAll();
  const { passed, failed } = countTests(reportFile, exitCode);
  process.exitCode = failed > 0 ? 1 : exitCode;
  if (process.exitCode === 0) remove(folder);
  else process.stdout.write(`What the tests have written is in ${folder}\n`);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
} catch (error) {
  remove(folder);
  process.stderr.write(`${error instanceof UserError ? error.message : String(error)}\n`);
  process.stdout.write('0 passed, 1 failed\n');
  process.exitCode = 1;
}
