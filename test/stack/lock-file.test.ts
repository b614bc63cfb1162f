import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { projectFolder } from '../../runtime/configuration/folders.ts';

const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ integrity: z.string().optional(), resolved: z.string().optional() })),
});

it('every package of npm is pinned by its content, and by no place that it comes from', () => {
  const { packages } = lockSchema.parse(JSON.parse(readFileSync(join(projectFolder, 'package-lock.json'), 'utf8')));
  const others = Object.entries(packages).filter(([path]) => path !== '');
  expect(others.length).toBeGreaterThan(400);
  expect(others.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path)).toEqual([]);
  expect(others.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
});

it('what is built for one system alone is there for Macs of both kinds as well; Node itself is the one that is there', () => {
  const { packages } = lockSchema.parse(JSON.parse(readFileSync(join(projectFolder, 'package-lock.json'), 'utf8')));
  const names = Object.keys(packages).map((path) => path.slice('node_modules/'.length));
  const linux = names.filter((name) => /linux-(x64|arm64)(-gnu)?$/.test(name) && !name.startsWith('node-linux-'));
  expect(linux.length).toBeGreaterThan(10);
  const forMac = linux.map((name) => name.replace(/linux(-\w+?)(-gnu)?$/, 'darwin$1'));
  expect(forMac.filter((name) => !names.includes(name))).toEqual([]);
  // Its builds are all in the one package.
  const core = readdirSync(join(projectFolder, 'node_modules', '@temporalio', 'core-bridge', 'releases'));
  expect(core).toEqual(expect.arrayContaining(['aarch64-apple-darwin', 'x86_64-apple-darwin']));
});
