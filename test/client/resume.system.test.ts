import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureTradingControl } from '../../activities/control/ensure.ts';
import { resumeTrading } from '../../client/controls/resume.ts';
import { ExitCode } from '../../contracts/errors.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import { startDevServer } from '../support/temporal.ts';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startDevServer();
});
afterAll(() => environment.teardown());

it('never waits without end: a latch that no worker answers for is told to be silent', async () => {
  await ensureTradingControl(environment.client, 'main');
  const before = performance.now();
  const request = { reason: 'x', by: 'ann', expectedEpoch: 1 };
  const silent = await resumeTrading(environment.client, request, 1_500).catch((error: unknown) => error);
  expect(silent).toMatchObject({ code: 'ControlSilent', exitCode: ExitCode.unhealthy });
  expect(String(silent)).toMatch(/did not answer within 1.5 s: nothing was changed.*TradingControlSilent\.md/);
  expect(performance.now() - before).toBeLessThan(10_000);
  await environment.client.workflow.getHandle(TRADING_CONTROL_ID).terminate('end of the test');
});

it('does not say that nothing was changed once the resume itself was handed over', async () => {
  const executeUpdate = async (name: string): Promise<void> => {
    if (name === 'settled') return;
    await sleep(60);
    throw new Error('no answer');
  };
  const query = async () => ({ trouble: ['the halt row cannot be written: no space left'] });
  const client = {
    workflow: { getHandle: () => ({ executeUpdate, query }) },
    withDeadline: (_at: number, ask: () => unknown) => ask(),
  } as unknown as Client;
  const request = { reason: 'x', by: 'ann', expectedEpoch: 1 };
  await expect(resumeTrading(client, request, 50)).rejects.toThrow(
    'did not answer within 0.05 s: whether it resumes is not known yet (the halt row cannot be written: no space left). Look at',
  );
});
