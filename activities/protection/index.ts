import { Context } from '@temporalio/activity';
import type { Guard, Watched, WatchRequest } from '../../contracts/protection.ts';
import type { Price } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { highestOf } from '../../domain/protection/protection.ts';
import { untraced } from '../../runtime/telemetry/tracing.ts';
import { guardOf, type WatchTools, watchPosition } from '../../trading/protect/watch.ts';
import { activityClock as clock } from '../clock.ts';

export type { Guard, Watched, WatchRequest } from '../../contracts/protection.ts';

const BEAT_MS = 1_000;

export type ProtectionActivities = ReturnType<typeof createProtectionActivities>;

export function createProtectionActivities(dependencies: Omit<WatchTools, 'clock'>) {
  const tools = { ...dependencies, clock };
  return {
    async readGuard(account: string, symbol: string): Promise<Guard> {
      return guardOf(tools, account, symbol);
    },

    /** Looks until something has to be done. The highest price goes along with each heartbeat, so that the attempt after a death goes on from it. */
    async watchPosition(request: WatchRequest): Promise<Watched> {
      const context = Context.current();
      const { heartbeatDetails: heard } = context.info;
      let highest = highestOf(request.highest, ...(typeof heard === 'string' ? [tagged<Price>(heard)] : []));
      const timer = setInterval(() => context.heartbeat(highest), BEAT_MS);
      try {
        return await untraced(() =>
          watchPosition(tools, { ...request, highest }, (price) => {
            highest = price;
          }),
        );
      } finally {
        clearInterval(timer);
      }
    },
  };
}
