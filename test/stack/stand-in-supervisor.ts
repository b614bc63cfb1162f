import { join } from 'node:path';
import { pino } from 'pino';
import { claimRun, RUN_VARIABLE } from '../../client/stack/run-record.ts';
import { listenForStop } from '../../client/stack/stop-signal.ts';
import { createSupervisor } from '../../client/stack/supervisor.ts';
import { standIn } from './harness.ts';

// What `npm start` does, with stand-ins: `stand-in-supervisor.ts FOLDER`, and one line on stdout when all is up.
const [folder = ''] = process.argv.slice(2);
const stop = listenForStop();
const run = await claimRun(folder, () => {});
stop.watch(run.launchers);
const supervisor = createSupervisor({
  logFolder: join(folder, 'logs'),
  environment: { [RUN_VARIABLE]: run.runId },
  logger: pino({ level: 'silent' }),
  onChange: run.note,
  limits: { stopTimeoutMs: 300 },
});
const events = join(folder, 'events');
await supervisor.start([standIn('guarded', events), standIn('deaf', events, 'deaf')]);
process.stdout.write('up\n');
await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
await supervisor.stop();
run.release();
process.exit(0);
