import { NativeConnection, Worker } from '@temporalio/worker';
import { agentTaskQueue } from '../../../contracts/task-queues.ts';
import { agentIds } from '../../../domain/signals/agents.ts';
import { temporalAccess } from '../../../runtime/configuration/temporal.ts';

/** A worker of a release that must not be: every question to an agent that it takes fails. */
const broken = async (): Promise<never> => {
  throw new TypeError("Cannot read properties of undefined (reading 'price')");
};
const { namespace: ownNamespace, ...access } = temporalAccess();
const connection = await NativeConnection.connect(access);
const namespace = process.env['TEMPORAL_NAMESPACE'] ?? ownNamespace;
const workers = agentIds.map((agentId) =>
  Worker.create({
    connection,
    namespace,
    taskQueue: agentTaskQueue(agentId),
    activities: { askAgent: broken },
  }),
);
const running = (await Promise.all(workers)).map((worker) => worker.run());
process.send?.('polling');
await Promise.all(running);
