import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { startDevServer } from '../support/temporal.ts';
import { type LatchMutant, latchMutants } from './latch-mutants.ts';
import { startLatchRig } from './latch-rig.ts';
import { stories } from './latch-stories.ts';
import type { Story } from './latch-story.ts';

let environment: TestWorkflowEnvironment;
let code: string;

beforeAll(async () => {
  environment = await startDevServer();
  code = readFileSync((await workflowBundle()).codePath, 'utf8');
});
afterAll(() => environment.teardown());

function mutated({ rewrites }: LatchMutant): string {
  return rewrites.reduce((text, { find, replace }) => {
    if (text.split(find).length !== 2) throw new Error(`the bundle does not hold exactly one: ${find}`);
    return text.replace(find, () => replace);
  }, code);
}

/** What never answers is found as well. */
async function tooLong(): Promise<never> {
  await sleep(30_000, undefined, { ref: false });
  throw new Error('the story has not ended');
}

describe.concurrent('a bug on purpose in the latch is found', () => {
  it.each(Object.entries(latchMutants))('%s', async (_name, mutant) => {
    const rig = await startLatchRig(environment, { workflowBundle: { code: mutated(mutant) } });
    try {
      const told: Story = stories[mutant.story];
      await expect(Promise.race([told(rig.scene()), tooLong()])).rejects.toThrow();
    } finally {
      await rig.close();
    }
  });
});
