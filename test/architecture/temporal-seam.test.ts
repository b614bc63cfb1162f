import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { rooms } from './house.ts';
import { sourceFiles } from './import-graph.ts';

/** Every way to speak with Temporal: one that is made elsewhere writes what the others cannot read. */
const ways =
  /\bnew (?:\w+\.)?(?:Temporal|Workflow|Schedule|AsyncCompletion)?Client\(|\bConnection\.(?:connect|lazy)\b|\bNativeConnection\.(?:connect|create)\b|\bWorker\.(?:create|runReplay)|\bbundleWorkflowCode\(/;
const opensTemporal = (source: string): boolean => /@temporalio\//.test(source) && ways.test(source);

const shipped = globSync(
  '{runtime,contracts,domain,stores,venues,trading,activities,services,workers,workflows,client}/**/*.{ts,mjs}',
  {
    cwd: projectFolder,
  },
);

describe('the seam to Temporal', () => {
  it('is in one place', () => {
    const places = shipped.filter((file) => opensTemporal(readFileSync(join(projectFolder, file), 'utf8')));
    expect(places.toSorted()).toEqual(['runtime/temporal.ts', 'workers/workflow-bundle.ts']);
  });

  it('is above trading: a backtest, a command and a test load no Temporal with what Sapphire does', () => {
    const files = new Map(sourceFiles(projectFolder, Object.keys(rooms)).map((each) => [each.file, each]));
    const loads = (file: string) => files.get(file)?.imports.filter(({ isType }) => !isType) ?? [];
    const reached = new Map<string, string>();
    const visit = (file: string, from: string): void => {
      if (reached.has(file)) return;
      reached.set(file, from);
      for (const each of loads(file)) visit(each.to ?? each.specifier ?? '', file);
    };
    const below = [...files.keys()].filter((file) => /^(?:domain|stores|venues|trading)\//.test(file));
    for (const file of below) visit(file, '');
    expect(reached.size).toBeGreaterThan(below.length + 20);
    const touched = [...reached].filter(([name]) => name.startsWith('@temporalio/'));
    expect(touched.map(([name, from]) => `${from} → ${name}`)).toEqual([]);
  });

  it('is one place in Python', () => {
    const python = globSync('workers/**/*.py', { cwd: projectFolder });
    const places = python.filter((file) => /\bClient\.connect\(/.test(readFileSync(join(projectFolder, file), 'utf8')));
    expect(places).toEqual(['workers/gpu/forecasting/serving.py']);
  });

  it.each([
    ["import { Client } from '@temporalio/client';\nnew Client({ connection });", true],
    ["const t = await import('@temporalio/client');\nnew t.Client({ connection });", true],
    ["import { Connection } from '@temporalio/client';\nawait Connection.connect({ address });", true],
    ["import { NativeConnection } from '@temporalio/worker';\nawait NativeConnection.connect({ address });", true],
    ["import { Worker } from '@temporalio/worker';\nawait Worker.create({ taskQueue });", true],
    ["import { Client } from '@modelcontextprotocol/client';\nnew Client({ name });", false],
    ["import type { Client } from '@temporalio/client';\nexport type X = Client;", false],
  ])('is seen in %j: %s', (source, seen) => expect(opensTemporal(source)).toBe(seen));
});
