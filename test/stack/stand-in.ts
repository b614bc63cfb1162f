import { appendFileSync, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { announceProgress, announceReady, onShutdown } from '../../runtime/telemetry/process.ts';

// A child of the supervisor: `stand-in.ts NAME EVENTS MODE`, each event a line in the file EVENTS.
const [name = '', events = '', mode = 'obedient'] = process.argv.slice(2);
const note = (event: string): void => appendFileSync(events, `${event} ${name}\n`);

if (mode === 'environment') appendFileSync(events, `${JSON.stringify({ name, environment: process.env })}\n`);
else note('start');
if (mode === 'broken') {
  process.stderr.write(`${JSON.stringify({ level: 'error', msg: 'the disk is full' })}\n`);
  process.exit(3);
}
if (mode === 'deaf') {
  process.on('SIGTERM', () => note('ignored'));
  process.stdin.on('end', () => note('ignored'));
} else {
  onShutdown(async () => note('stop'));
}
setInterval(() => {}, 1_000);
if (mode === 'serving') {
  // Stops answering, without ending, once a file beside the events says so.
  const server = createServer(({ url }, response) => {
    response.statusCode = url === '/healthz' ? 200 : 404;
    if (!existsSync(`${events}.hang`)) response.end();
  });
  server.listen(0, '127.0.0.1', () => announceReady(`http://127.0.0.1:${(server.address() as AddressInfo).port}/page`));
} else if (mode === 'slow') {
  // Longer on its way than the supervisor waits for one that says nothing.
  let said = 0;
  const saying = setInterval(() => {
    said += 1;
    announceProgress(`${10 * said} %`);
    if (said < 10) return;
    clearInterval(saying);
    announceReady(`http://${name}`);
  }, 400);
} else if (mode !== 'silent') announceReady(`http://${name}`);
if (mode === 'crashing') {
  setTimeout(() => {
    process.stderr.write('Error: the price was negative\n    at work (work.ts:1:1)\n');
    process.exit(9);
  }, 20);
}
if (mode === 'outdated') {
  setTimeout(() => {
    process.stderr.write(`${JSON.stringify({ level: 'fatal', msg: 'its build is gone.' })}\n`);
    process.exit(75);
  }, 20);
}
