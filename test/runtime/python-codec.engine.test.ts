import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { pythonEnvironment } from '../../client/stack/python-environment.ts';
import { payloadKeysIn, payloadKeyText } from '../../contracts/config/payload-keys.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { createPayloadCodec } from '../../runtime/payload-codec.ts';
import { createWorker } from '../../runtime/temporal.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { temporaryFolder } from '../support/books.ts';
import { startOwnServer } from '../support/temporal.ts';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;
const { History: HistoryMessage } = proto.temporal.api.history.v1;
const [older, newer] = [payloadKeyText('older', randomBytes(32)), payloadKeyText('newer', randomBytes(32))];
const codecOf = (keys: string) => createPayloadCodec(payloadKeysIn(keys));
const values = [
  'BTC/USDT',
  { limitPrice: '61497.7' },
  null,
  undefined,
  [],
  new Uint8Array([0, 255]),
  'ü'.repeat(100_000),
];
const payloads = values.map((value) => defaultPayloadConverter.toPayload(value));

let python: string;
beforeAll(async () => {
  python = await pythonEnvironment({ name: 'codec', lockFile: 'test/runtime/requirements.lock', python: '>=3.11' });
}, 300_000);

/** `keys` undefined: the environment has none. */
function peer(environment: Record<string, string>, ...args: string[]): ChildProcess {
  return spawn(python, [join(projectFolder, 'test', 'runtime', 'codec_peer.py'), ...args], {
    env: {
      PATH: process.env['PATH'],
      PYTHONPATH: join(projectFolder, 'workers', 'gpu'),
      SAPPHIRE_DATA: temporaryFolder(),
      ...environment,
    },
    stdio: 'pipe',
  });
}

async function ask(
  direction: 'encode' | 'decode',
  environment: Record<string, string>,
  asked: Payload[],
): Promise<Payload[]> {
  const child = peer(environment, direction);
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin?.end(
    JSON.stringify(asked.map((each) => Buffer.from(PayloadMessage.encode(each).finish()).toString('base64'))),
  );
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(stderr);
  const answered = z.array(z.base64()).parse(JSON.parse(stdout));
  return answered.map((each) =>
    PayloadMessage.toObject(PayloadMessage.decode(Buffer.from(each, 'base64')), { bytes: Uint8Array }),
  );
}
const read = (given: Payload[]): unknown[] => given.map((each) => defaultPayloadConverter.fromPayload(each));
/** In an order of their own, which a protobuf map has not. */
const parts = ({ metadata, data }: Payload): unknown => [
  Object.entries(metadata ?? {})
    .map(([name, value]) => `${name} ${Buffer.from(value).toString('hex')}`)
    .toSorted(),
  Buffer.from(data ?? []).toString('hex'),
];
const keysOf = (keys: string) => ({ SAPPHIRE_PAYLOAD_KEYS: keys });

describe('the codec of the Python workers', () => {
  it('reads what ours writes', async () => {
    expect(read(await ask('decode', keysOf(newer), await codecOf(newer).encode(payloads)))).toEqual(values);
  });

  it('writes what ours reads, and nothing that others do', async () => {
    const written = await ask('encode', keysOf(newer), payloads);
    for (const { metadata, data } of written) {
      expect(Buffer.from(metadata?.['encoding'] ?? []).toString()).toBe('binary/encrypted');
      expect(Buffer.from(data ?? []).includes('BTC/USDT')).toBe(false);
    }
    expect(read(await codecOf(newer).decode(written))).toEqual(values);
  });

  it('reads with every key, and writes with the first', async () => {
    const both = `${newer},${older}`;
    expect(read(await ask('decode', keysOf(both), await codecOf(older).encode(payloads)))).toEqual(values);
    expect(read(await codecOf(newer).decode(await ask('encode', keysOf(both), payloads)))).toEqual(values);
  });

  it('hands on what was never encrypted, what it has no key for, and what was changed on its way', async () => {
    const [sealed = {}] = await codecOf(newer).encode(payloads);
    const changed = {
      ...sealed,
      data: Buffer.from((sealed.data ?? []).map((byte, at) => (at === 20 ? byte ^ 1 : byte))),
    };
    const short = { ...sealed, data: Buffer.alloc(3) };
    const odd = [...(await codecOf(older).encode(payloads)), changed, short, ...payloads];
    const back = await ask('decode', keysOf(newer), odd);
    expect(back.map(parts)).toEqual(odd.map(parts));
  });

  it('finds its keys in a file, and in the data folder', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'key'), `${newer}\n`);
    writeFileSync(join(folder, 'secrets.json'), JSON.stringify({ payloadKeys: newer }));
    for (const environment of [{ SAPPHIRE_PAYLOAD_KEYS_FILE: join(folder, 'key') }, { SAPPHIRE_DATA: folder }])
      expect(read(await ask('decode', environment, await codecOf(newer).encode(payloads)))).toEqual(values);
  });

  it.each([['newer:short='], [`${newer},${newer}`], [`${newer},`]])(
    'refuses malformed keys without a word of them: %#',
    async (keys) => {
      const fault = await ask('encode', keysOf(keys), []).catch(String);
      expect(fault).toContain('SAPPHIRE_PAYLOAD_KEYS must be id:key');
      expect(fault).not.toContain(newer.split(':')[1]);
      expect(fault).not.toContain('Traceback');
    },
  );
});

describe('beside a workflow of ours', () => {
  const secrets = { payloadKeys: newer };
  const QUEUE = 'python-codec';
  let environment: TestWorkflowEnvironment;
  let worker: Worker;
  let running: Promise<void>;
  let child: ChildProcess;

  beforeAll(async () => {
    environment = await startOwnServer(secrets);
    child = peer(keysOf(newer), 'serve', environment.address, QUEUE);
    if (child.stdout) await once(child.stdout, 'data');
    const connection = environment.nativeConnection;
    worker = await createWorker(secrets, {
      connection,
      namespace: 'default',
      taskQueue: QUEUE,
      workflowBundle: await workflowBundle(secrets),
      enableNonLocalActivities: false,
    });
    running = worker.run();
  });
  afterAll(async () => {
    child.stdin?.end();
    worker.shutdown();
    await running;
    await environment.teardown();
  });

  it.each([
    ['an answer', 'main', { settled: 4 }],
    ['a failure', 'bad', 'BTC/USDT has no price'],
  ])('%s of a Python worker goes through a server that reads neither', async (_name, account, wanted) => {
    const { workflow } = environment.client;
    const handle = await workflow.start('scoreAgents', { workflowId: account, taskQueue: QUEUE, args: [account] });
    const end: unknown = await handle.result().catch((error: unknown) => error);
    expect(end).toMatchObject(
      typeof wanted === 'string' ? { cause: { cause: { message: wanted, type: 'Refused' } } } : wanted,
    );
    const history = await handle.fetchHistory();
    // In an activity's header stand the id of what it works for, here the workflow's own, which the server knows, and its trace.
    const plain = ['sapphire-correlation', 'sapphire-trace'];
    for (const { activityTaskScheduledEventAttributes: scheduled } of history.events ?? []) {
      expect(Object.keys(scheduled?.header?.fields ?? {}).filter((name) => !plain.includes(name))).toEqual([]);
      if (scheduled) scheduled.header = null;
    }
    const stored = Buffer.from(HistoryMessage.encode(history).finish());
    for (const word of ['BTC/USDT', 'settled', 'json/plain']) expect(stored.includes(word)).toBe(false);
  });
});
