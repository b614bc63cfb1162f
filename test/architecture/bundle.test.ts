import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { buildWorkflowBundle } from '../../workers/workflow-bundle.ts';

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
