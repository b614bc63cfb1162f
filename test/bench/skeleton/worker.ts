import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { temporalAccess } from '../../../runtime/configuration/temporal.ts';
import { announceReady, onShutdown } from '../../../runtime/telemetry/process.ts';
import * as activities from './activities.ts';

const access = temporalAccess();
const connection = await NativeConnection.connect(access);
const worker = await Worker.create({
  connection,
  namespace: access.namespace,
  taskQueue: 'skeleton',
  workflowsPath: fileURLToPath(new URL('./workflow.ts', import.meta.url)),
  activities,
});
const running = worker.run();
onShutdown(async () => {
  worker.shutdown();
  await running;
  await connection.close();
});
announceReady();
await running;
