import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { WorkflowIdConflictPolicy } from '@temporalio/common';
import type { TradingControlState } from '../contracts/control.ts';
import { TaskQueue } from '../contracts/task-queues.ts';
import type { Logger } from '../contracts/telemetry/logger.ts';
import { TRADING_CONTROL_ID } from '../contracts/workflow-ids.ts';

const RETRY_MS = 250;

/** Starts the account's control workflow where it does not run yet. */
export async function ensureTradingControl(client: Client, account: string): Promise<void> {
  await client.workflow.start('tradingControl', {
    workflowId: TRADING_CONTROL_ID,
    taskQueue: TaskQueue.operations,
    args: [{ account }],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    staticSummary: `kill switch of the account ${account}`,
  });
}

/** Waits until trading control has answered a round trip with no stop under way. */
export async function awaitTradingControl(client: Client, logger: Logger): Promise<void> {
  const handle = client.workflow.getHandle(TRADING_CONTROL_ID);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const state = await handle.executeUpdate<TradingControlState, []>('settled', { args: [] });
      logger.info({ epoch: state.epoch, halted: state.halted }, 'trading control answered');
      return;
    } catch (error) {
      if (attempt % 20 === 0) logger.warn({ error }, 'waiting for trading control');
      await sleep(RETRY_MS);
    }
  }
}
