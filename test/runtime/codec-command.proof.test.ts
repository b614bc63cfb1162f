import { spawn } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { payloadKeysIn, payloadKeysText } from '../../contracts/config/payload-keys.ts';
import { ExitCode } from '../../contracts/errors.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { createPayloadCodec } from '../../runtime/payload-codec.ts';
import { end, type Installation, makeInstallation } from '../support/installation.ts';
import { freePort } from '../support/ports.ts';

const storedSchema = z.object({ payloadKeys: payloadKeysText });
const json = <T>(schema: z.ZodType<T>, text: string): T => schema.parse(JSON.parse(text));

const bootstrap = join(projectFolder, 'client', 'bootstrap.mjs');
let installation: Installation;
beforeAll(async () => {
  installation = await makeInstallation();
});
const stored = (): string =>
  json(storedSchema, readFileSync(join(installation.folder, 'data', 'secrets.json'), 'utf8')).payloadKeys;

describe('./sapphire codec', () => {
  it('serves nothing without a key, and says how to make one', async () => {
    const { code, stderr } = await installation.sapphire('codec', 'serve');
    expect(code).toBe(ExitCode.notConfigured);
    expect(stderr).toContain('./sapphire codec new-key --keep');
  });

  it('new-key prints one of its own each time, and keeps none unasked', async () => {
    const made = await Promise.all([1, 2].map(() => installation.sapphire('codec', 'new-key', '--json')));
    const keys = made.map(({ stdout }) => json(z.object({ id: z.string(), key: payloadKeysText }), stdout).key);
    expect(new Set(keys).size).toBe(2);
    expect(stored).toThrow();
  });

  it('new-key --keep puts it before those that are kept, and shows none', async () => {
    const first = json(
      z.object({ id: z.string() }),
      (await installation.sapphire('codec', 'new-key', '--keep', '--json')).stdout,
    );
    const before = stored();
    const { stdout, code } = await installation.sapphire('codec', 'new-key', '--keep');
    expect(code).toBe(0);
    const keys = payloadKeysIn(stored());
    expect(keys.map(({ id }) => id)).toHaveLength(2);
    expect(keys[1]?.id).toBe(first.id);
    expect(stored().endsWith(`,${before}`)).toBe(true);
    for (const { key } of keys) expect(stdout).not.toContain(key.toString('base64'));
  });

  it('new-key --keep is refused where the environment overrules it', async () => {
    const before = stored();
    installation.environment['SAPPHIRE_PAYLOAD_KEYS'] = before;
    const { code, stderr } = await installation.sapphire('codec', 'new-key', '--keep');
    delete installation.environment['SAPPHIRE_PAYLOAD_KEYS'];
    expect({ code, kept: stored() }).toEqual({ code: ExitCode.usage, kept: before });
    expect(stderr).toContain('leave out --keep');
  });

  it('serve decodes at the endpoint that it shows, which stays the same, until Ctrl-C', async () => {
    const port = await freePort();
    const [sealed = {}] = await createPayloadCodec(payloadKeysIn(stored())).encode([
      defaultPayloadConverter.toPayload('BTC/USDT'),
    ]);
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
    const asJson = ({ metadata, data }: Payload): object => ({
      metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, text(value)])),
      data: text(data ?? new Uint8Array()),
    });
    const endpoints: string[] = [];
    for (let run = 0; run < 2; run += 1) {
      const serving = spawn(process.execPath, [bootstrap, 'codec', 'serve', '--port', String(port), '--json'], {
        env: installation.environment,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const ended = end(serving);
      const [line = ''] = await new Promise<string[]>((resolve) =>
        createInterface({ input: serving.stdout }).once('line', (said) => resolve([said])),
      );
      const { endpoint } = json(z.object({ endpoint: z.url() }), line);
      endpoints.push(endpoint);
      const answer = await fetch(`${endpoint}/decode`, {
        method: 'POST',
        body: JSON.stringify({ payloads: [asJson(sealed)] }),
      });
      expect(JSON.stringify(await answer.json())).toContain(Buffer.from('"BTC/USDT"').toString('base64'));
      serving.kill('SIGINT');
      await ended;
    }
    expect(endpoints[0]).toBe(endpoints[1]);
  });

  it('has the whole stack trade with the keys that are kept, and its server keep nothing to read', {
    timeout: 180_000,
  }, async () => {
    const { code, stderr } = await installation.startAndWait('--cycles', '1', '--exit');
    expect(code, stderr).toBe(0);
    const files = globSync('temporal.db*', { cwd: join(installation.folder, 'data') });
    expect(files).toContain('temporal.db');
    for (const file of files) {
      const bytes = readFileSync(join(installation.folder, 'data', file));
      if (file === 'temporal.db') expect(bytes.includes('binary/encrypted')).toBe(true);
      for (const word of ['limitPrice', 'averageCost', 'probabilities', 'rationale', 'quantity'])
        expect(bytes.includes(`"${word}"`), `${word} in ${file}`).toBe(false);
    }
  });

  it('is asked for before anything starts, where production goes to a server elsewhere', async () => {
    const other = await makeInstallation();
    other.configure({ profile: 'production' });
    other.environment['TEMPORAL_ADDRESS'] = 'temporal.example:7233';
    const { code, stderr } = await other.startAndWait('--cycles', '1', '--exit');
    expect(code).toBe(ExitCode.notConfigured);
    expect(stderr).toContain('nothing readable goes to a Temporal server elsewhere (temporal.example:7233)');
    expect(stderr).toContain('./sapphire codec new-key --keep');
  });
});
