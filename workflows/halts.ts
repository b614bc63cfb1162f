import { CancellationScope, condition, patched, proxyActivities, setHandler } from '@temporalio/workflow';
import type { EpochActivities } from '../activities/control/epoch.ts';
import { areElsewhere } from '../contracts/books.ts';
import { TaskQueue } from '../contracts/task-queues.ts';
import { halt } from './messages.ts';

/** Asked until the journal answers: while it does not, the fence lets nothing pass either. */
const asking = {
  startToCloseTimeout: '4s',
  heartbeatTimeout: '3s',
  retry: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '2s' },
} as const;
const here = proxyActivities<EpochActivities>(asking);
const onBooksQueue = proxyActivities<EpochActivities>({ ...asking, taskQueue: TaskQueue.books });

/**
 * Anybody may send the signal `halt`: it only wakes, and the books say whether trading was halted since this workflow's epoch. However many
 * come while the books are asked, they are asked once more.
 *
 * @param epochOf the epoch that this workflow works under; undefined while it is not known yet
 * @param stop called once for a halt, and where the books may not be asked
 */
export function onHalt(epochOf: () => number | undefined, stop: () => void): void {
  let [isWoken, isAsking] = [false, false];

  const ask = async (): Promise<void> => {
    isAsking = true;
    for (let isPast = false; isWoken && !isPast; ) {
      isWoken = false;
      await condition(() => epochOf() !== undefined);
      const isOther = (epoch: number): boolean => epoch !== epochOf();
      isPast = await here
        .currentEpoch()
        .then(isOther, (error: unknown) =>
          areElsewhere(error) ? onBooksQueue.currentEpoch().then(isOther, () => true) : true,
        );
      if (isPast) stop();
    }
    isAsking = false;
  };

  setHandler(halt, () => {
    if (!patched('halt-asks')) return stop();
    isWoken = true;
    // Its failures are answered above.
    if (!isAsking) void CancellationScope.nonCancellable(ask);
  });
}
