import { TestWorkflowEnvironment } from '@temporalio/testing';
import { z } from 'zod';

// A process of its own, so that a download that hangs can be ended.
const [kind, downloadDir, version] = z
  .tuple([z.enum(['temporal', 'temporal-test-server']), z.string(), z.string()])
  .parse(process.argv.slice(2));
const server = { executable: { type: 'cached-download', downloadDir, version: `v${version}` } } as const;
const environment =
  kind === 'temporal'
    ? await TestWorkflowEnvironment.createLocal({ server })
    : await TestWorkflowEnvironment.createTimeSkipping({ server });
await environment.teardown();
