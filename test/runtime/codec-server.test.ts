import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { payloadKeysIn, payloadKeyText } from '../../contracts/config/payload-keys.ts';
import { startCodecServer } from '../../runtime/codec-server.ts';
import { createPayloadCodec } from '../../runtime/payload-codec.ts';

const TOKEN = 'token-of-the-test';
const WEB_UI = 'http://127.0.0.1:8233';
const codec = createPayloadCodec(payloadKeysIn(payloadKeyText('k', randomBytes(32))));
const answerSchema = z.object({
  payloads: z.array(z.object({ metadata: z.record(z.string(), z.string()), data: z.string().optional() })),
});
const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString('base64');
const plain = { metadata: { encoding: base64('json/plain') }, data: base64('"BTC/USDT"') };
const body = JSON.stringify({ payloads: [plain] });

let server: Awaited<ReturnType<typeof startCodecServer>>;
beforeAll(async () => {
  server = await startCodecServer({ port: 0, codec, token: TOKEN, origins: [WEB_UI] });
});
afterAll(() => server.close());

interface Answer {
  status: number | undefined;
  headers: NodeJS.Dict<string | string[]>;
  text: string;
}

function ask(
  path: string,
  {
    method = 'POST',
    headers = {},
    send = body,
  }: { method?: string; headers?: Record<string, string>; send?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(`${server.url}${path}`, { method, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    asked.on('error', reject);
    asked.end(method === 'POST' ? send : undefined);
  });
}

describe('the codec server', () => {
  it.each([
    ['its path', `/${TOKEN}`, {}],
    ['a bearer token', '', { authorization: `Bearer ${TOKEN}` }],
  ])('encodes and decodes for who has the token in %s', async (_name, prefix, headers) => {
    const { status, text } = await ask(`${prefix}/encode`, { headers });
    expect(status).toBe(200);
    const encoded = answerSchema.parse(JSON.parse(text));
    expect(encoded.payloads[0]?.metadata['encoding']).toBe(base64('binary/encrypted'));
    const back = await ask(`${prefix}/decode?namespace=x`, { headers, send: text });
    expect(JSON.parse(back.text)).toEqual({ payloads: [plain] });
  });

  it('hands on what it has no key for, beside what it has', async () => {
    const [sealed = {}] = await codec.encode([defaultPayloadConverter.toPayload(7)]);
    const odd = {
      metadata: { encoding: base64('binary/encrypted'), 'encryption-key-id': base64('x') },
      data: base64('y'),
    };
    const own = {
      metadata: Object.fromEntries(Object.entries(sealed.metadata ?? {}).map(([name, value]) => [name, base64(value)])),
      data: base64(sealed.data ?? ''),
    };
    const { text } = await ask(`/${TOKEN}/decode`, { send: JSON.stringify({ payloads: [odd, own] }) });
    expect(JSON.parse(text)).toEqual({ payloads: [odd, { metadata: plain.metadata, data: base64('7') }] });
  });

  it.each([
    ['no token', '/decode', {}, 401],
    ['another token', '/another/decode', {}, 401],
    ['another bearer', '/decode', { authorization: 'Bearer another' }, 401],
    ['another path', `/${TOKEN}/keys`, {}, 404],
    ['a name that was pointed here', `/${TOKEN}/decode`, { host: 'evil.example' }, 403],
    ['a page elsewhere', `/${TOKEN}/decode`, { origin: 'https://evil.example' }, 403],
    ['a page without a name', `/${TOKEN}/decode`, { origin: 'null' }, 403],
  ])('refuses %s', async (_name, path, headers, wanted) => {
    const { status, text, headers: given } = await ask(path, { headers });
    expect(status).toBe(wanted);
    expect(text).not.toContain('BTC');
    expect(given['access-control-allow-origin']).toBeUndefined();
  });

  it.each([
    ['{'],
    ['null'],
    ['[]'],
    ['{"payloads": 7}'],
    ['{"payloads": [{"data": "ü"}]}'],
    ['{"payloads": [{"metadata": 7}]}'],
  ])('refuses %s, and serves on', async (send) => {
    expect((await ask(`/${TOKEN}/decode`, { send })).status).toBe(400);
    expect((await ask(`/${TOKEN}/encode`)).status).toBe(200);
  });

  it('lets the Web UI alone read its answers', async () => {
    const asked = await ask(`/${TOKEN}/decode`, { method: 'OPTIONS', headers: { origin: WEB_UI } });
    expect(asked.status).toBe(204);
    expect(asked.headers['access-control-allow-headers']).toContain('x-namespace');
    const { headers, status } = await ask(`/${TOKEN}/decode`, { headers: { origin: WEB_UI } });
    expect({ status, origin: headers['access-control-allow-origin'] }).toEqual({ status: 200, origin: WEB_UI });
    expect((await ask(`/${TOKEN}/decode`, { method: 'GET' })).status).toBe(405);
  });
});
