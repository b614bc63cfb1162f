import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { expect, inject, it } from 'vitest';
import { sdkLogger } from '../../../runtime/telemetry/sdk-log.ts';

it('a worker of activities alone is no warning, and what else the SDK says comes as it is', async () => {
  const lines: { level: number; msg: string; taskQueue?: string }[] = [];
  const logger = sdkLogger(pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) }));
  Runtime.install({ shutdownSignals: [], logger });
  const connection = await NativeConnection.connect({ address: inject('temporalAddress') });
  const worker = await Worker.create({
    connection,
    taskQueue: 'activities-alone',
    activities: { nothing: async () => {} },
  });
  await worker.runUntil(new Promise((resolve) => setTimeout(resolve, 100)));
  await connection.close();
  logger.warn('the disk is slow', { taskQueue: 'x' });
  logger.error('the disk is full');
  logger.info('starting');
  const said = lines.map(({ level, msg, taskQueue }) => [pino.levels.labels[level], msg, taskQueue]);
  expect(said).toEqual([
    ['debug', 'No workflows registered, not polling for workflow tasks', 'activities-alone'],
    ['warn', 'the disk is slow', 'x'],
    ['error', 'the disk is full', undefined],
  ]);
});
