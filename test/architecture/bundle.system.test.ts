import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { buildWorkflowBundle, cachedBundle, keptBundle, type WorkflowBundle } from '../../workers/workflow-bundle.ts';

const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };

describe('the workflow bundle', () => {
  it('builds without I/O and stays small', async () => {
    const { code } = await buildWorkflowBundle();
    expect(code).not.toMatch(/node:(fs|net|http|sqlite|crypto|child_process)/);
    expect(code.length).toBeLessThan(4_000_000);
  });

  it.each(['node:fs', 'node:http', 'node:sqlite', 'node:crypto', 'node:child_process'])(
    'refuses a workflow that imports %s',
    async (name) => {
      const folder = mkdtempSync(join(tmpdir(), 'sapphire-bundle-'));
      writeFileSync(
        join(folder, 'workflow.ts'),
        `import * as io from '${name}';\nexport async function bad() { return Object.keys(io); }\n`,
      );
      await expect(bundleWorkflowCode({ workflowsPath: join(folder, 'workflow.ts'), logger: quiet })).rejects.toThrow();
    },
  );
});

describe('the kept bundle', () => {
  const nested = 'domain/nested/deeper/rule.ts';

  /** The sources of the workflows in a folder of their own, with one rule that a workflow reads from a nested folder. */
  function project(): string {
    const folder = mkdtempSync(join(tmpdir(), 'sapphire-kept-'));
    const madeBy = 'workers/workflow-bundle.ts';
    for (const part of ['workflows', 'contracts', 'domain', 'runtime', madeBy, 'package.json', 'package-lock.json'])
      cpSync(join(projectFolder, part), join(folder, part), { recursive: true });
    symlinkSync(join(projectFolder, 'node_modules'), join(folder, 'node_modules'));
    cpSync(join(projectFolder, 'domain', 'money', 'money.ts'), join(folder, nested), { recursive: true });
    appendFileSync(join(folder, 'workflows', 'index.ts'), `export { text as nestedText } from '../${nested}';\n`);
    return folder;
  }

  it('is made anew when a file changes that it was made of, however deep it lies, and else is not', async () => {
    const folder = project();
    const request = { project: folder, cache: join(folder, 'cache'), sealed: false };
    const first = await cachedBundle(request);
    expect(await cachedBundle(request)).toEqual(first);

    appendFileSync(join(folder, nested), 'export const changed = true;\n');
    const second = await cachedBundle(request);
    expect(second.buildId).not.toBe(first.buildId);
    expect(second.codePath).not.toBe(first.codePath);

    // No workflow reads it.
    writeFileSync(join(folder, 'domain', 'nested', 'unread.ts'), 'export {};\n');
    expect(await cachedBundle(request)).toEqual(second);
    // Another version of what reads the sources.
    appendFileSync(join(folder, 'package-lock.json'), '\n');
    const third = await cachedBundle(request);
    expect(third.buildId).not.toBe(second.buildId);
    // Other options for the same sources.
    appendFileSync(join(folder, 'workers', 'workflow-bundle.ts'), '\n');
    const fourth = await cachedBundle(request);
    expect(fourth.buildId).not.toBe(third.buildId);
    // Other interceptors around them.
    appendFileSync(join(folder, 'runtime', 'interceptors.ts'), '\n');
    expect((await cachedBundle(request)).buildId).not.toBe(fourth.buildId);
    rmSync(folder, { recursive: true });
  });

  it('loads the schemas of all messages once for all workflows', async () => {
    const folder = project();
    const cache = join(folder, 'cache');
    await cachedBundle({ project: folder, cache, sealed: false });
    const { sources } = JSON.parse(readFileSync(join(cache, 'plain.json'), 'utf8')) as { sources: object };
    const messages = Object.keys(sources).filter(
      (file) => file.startsWith('contracts/') && readFileSync(join(folder, file), 'utf8').includes("from 'zod'"),
    );
    const preload = readFileSync(join(folder, 'workflows', 'preload.ts'), 'utf8');
    expect(messages.length).toBeGreaterThan(5);
    for (const file of messages) expect(preload).toContain(`'../${file}'`);
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['was cut short', (code: string) => code.slice(0, 200_000)],
    ['was altered', (code: string) => code.replace('use strict', 'use sloppy')],
    ['is empty', () => ''],
  ])('is made anew where it %s', async (_, spoil) => {
    const folder = project();
    const request = { project: folder, cache: join(folder, 'cache'), sealed: false };
    const { codePath, buildId } = await cachedBundle(request);
    const code = readFileSync(codePath, 'utf8');
    writeFileSync(codePath, spoil(code));
    expect(await keptBundle(request, buildId)).toEqual({ codePath, buildId });
    expect(readFileSync(codePath, 'utf8') === code).toBe(true);
    rmSync(folder, { recursive: true });
  });

  it('goes when it was neither made nor served for a month, as soon as another is made', async () => {
    const folder = project();
    const request = { project: folder, cache: join(folder, 'cache'), sealed: false };
    const ago = (days: number) => new Date(Date.now() - days * 86_400_000);
    const made: WorkflowBundle[] = [];
    for (const days of [31, 29, 31]) {
      const bundle = await cachedBundle(request);
      utimesSync(bundle.codePath, ago(days), ago(days));
      made.push(bundle);
      appendFileSync(join(folder, nested), `export const changed${made.length} = true;\n`);
    }
    // The stack that was started with it runs still.
    await keptBundle(request, made[2]?.buildId ?? '');
    await cachedBundle(request);
    expect(made.map(({ codePath }) => existsSync(codePath))).toEqual([false, true, true]);
    rmSync(folder, { recursive: true });
  });

  it('is served under the build that was asked for, whatever changed since, and under no other', async () => {
    const folder = project();
    const request = { project: folder, cache: join(folder, 'cache'), sealed: false };
    const first = await cachedBundle(request);
    appendFileSync(join(folder, nested), 'export const changed = true;\n');
    const second = await cachedBundle(request);
    expect(await keptBundle(request, first.buildId)).toEqual(first);
    rmSync(first.codePath);
    await expect(keptBundle(request, first.buildId)).rejects.toMatchObject({
      code: 'BuildGone',
      exitCode: 75,
      message: expect.stringMatching(
        new RegExp(`${first.buildId} .* ${second.buildId}: only a new start of the whole`),
      ),
    });
    // A cache that was emptied is filled again where the sources are the same.
    rmSync(second.codePath);
    expect(await keptBundle(request, second.buildId)).toEqual(second);
    rmSync(folder, { recursive: true });
  });

  it('has the same build id wherever the project lies', async () => {
    const [one, other] = [project(), project()];
    const ids = await Promise.all(
      [one, other].map((folder) => cachedBundle({ project: folder, cache: join(folder, 'cache'), sealed: false })),
    );
    expect(ids[0]?.buildId).toBe(ids[1]?.buildId);
    for (const folder of [one, other]) rmSync(folder, { recursive: true });
  });
});
