import { NativeConnection, Worker } from '@temporalio/worker';
import { temporalAccess } from '../../contracts/config/temporal.ts';
import { TaskQueue } from '../../contracts/task-queues.ts';

/** A worker of a release that must not be: every activity of a cycle that it takes fails. */
const broken = async (): Promise<never> => {
  throw new TypeError("Cannot read properties of undefined (reading 'price')");
};
const { namespace, ...access } = temporalAccess();
const worker = await Worker.create({
  connection: await NativeConnection.connect(access),
  namespace: process.env['TEMPORAL_NAMESPACE'] ?? namespace,
  taskQueue: TaskQueue.cycles,
  activities: { takeSnapshot: broken, formConsensus: broken },
  maxConcurrentActivityTaskPolls: 50,
  maxConcurrentActivityTaskExecutions: 100,
});
await worker.run();
