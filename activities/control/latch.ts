import type { Client, WorkflowHandle } from '@temporalio/client';
import type { EmergencyStop, TradingControlState } from '../../contracts/control.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import type { Latch } from '../../trading/control/halt.ts';
import { tradingControlStart } from './ensure.ts';

const QUERY_TIMEOUT_MS = 3_000;

/** The server keeps it where no worker is up, and starts the latch where it does not run. */
export function signalStop(client: Client, account: string, stop: EmergencyStop): Promise<WorkflowHandle> {
  return client.workflow.signalWithStart('tradingControl', {
    ...tradingControlStart(account),
    signal: 'emergencyStop',
    signalArgs: [stop],
  });
}

export function latchOf(client: Client, account: string): Latch {
  const handle = client.workflow.getHandle(TRADING_CONTROL_ID);
  return {
    epoch: () =>
      client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () =>
        handle.query<TradingControlState>('state').then(
          ({ epoch }) => epoch,
          () => undefined,
        ),
      ),
    stop: (stop) => signalStop(client, account, stop),
  };
}
