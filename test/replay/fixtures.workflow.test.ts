import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { cycleOutcomes } from '../../contracts/cycle.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import * as workflows from '../../workflows/index.ts';
import { fixtureFolder, readHistory } from '../support/histories.ts';

const files = readdirSync(fixtureFolder).filter((name) => name.endsWith('.json'));

describe('recorded histories', () => {
  it.each(files)('%s replays on the code as it is', async (name) => {
    await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, readHistory(name), name);
  });

  it('hold every workflow, and every outcome of a cycle', () => {
    const kinds = files.map((name) => name.replace(/\.json$/, ''));
    const recorded = new Set(kinds.map((kind) => kind.split('.')[0]));
    for (const workflow of Object.keys(workflows)) expect(recorded).toContain(workflow.toLowerCase());
    for (const outcome of cycleOutcomes) expect(kinds).toContain(`tradingcycle.${outcome.toLowerCase()}`);
  });

  it('catch a changed workflow', async () => {
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(projectFolder, 'test', 'replay', 'changed-workflows.ts'),
    });
    for (const name of files.filter((file) => file.startsWith('executeorder.'))) {
      await expect(Worker.runReplayHistory({ workflowBundle: { code } }, readHistory(name), name)).rejects.toThrow(
        /[Nn]on-?determinis/,
      );
    }
  });
});
