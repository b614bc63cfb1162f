import type { Client } from '@temporalio/client';
import type { TradingControlState } from '../../contracts/control.ts';
import { TRADING_CONTROL_ID } from '../../contracts/workflow-ids.ts';
import type { Latch } from '../../trading/control/halt.ts';
import { signalStop } from './ensure.ts';

const QUERY_TIMEOUT_MS = 3_000;

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
