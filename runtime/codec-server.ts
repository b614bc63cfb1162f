import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import { namesOf } from './foreign-requests.ts';
import { sameSecret } from './same-secret.ts';

/** A page of a history in the Web UI. */
const MOST_BYTES = 64 * 1024 * 1024;

const base64 = z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64')));
const bodySchema = z.object({
  payloads: z
    .array(z.object({ metadata: z.record(z.string(), base64).optional(), data: base64.optional() }))
    .max(100_000)
    .default([]),
});

/** It holds keys: nobody but this machine asks it. */
const HOST = '127.0.0.1';

export interface CodecServerOptions {
  port: number;
  codec: PayloadCodec;
  /** Asked for in the path, as the Web UI can send it, or as a bearer token. */
  token: string;
  /** The Web UI's own: no other page reads an answer. */
  origins: readonly string[];
}

interface Answer {
  status: number;
  body?: object;
}

/** Temporal's remote codec protocol: POST /encode and /decode for its Web UI and command line, each below /TOKEN or with the token as a bearer. */
export async function startCodecServer(options: CodecServerOptions): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    answerTo(request, options)
      .catch((error: unknown): Answer => ({ status: 400, body: { message: words(error) } }))
      .then(({ status, body }) => send(response, status, body, request.headers.origin, options.origins))
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, HOST, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : options.port;
  return {
    url: `http://${HOST}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answerTo(request: IncomingMessage, { codec, token, origins }: CodecServerOptions): Promise<Answer> {
  const { host = '', origin, authorization = '' } = request.headers;
  // A name that was pointed at this machine (DNS rebinding) is no name of ours, and no page but the Web UI has anything to ask.
  if (!namesOf(HOST)?.includes(host.replace(/:\d+$/, '').toLowerCase()))
    return refuse(403, 'ask this server by its address on loopback');
  if (origin !== undefined && !origins.includes(origin)) return refuse(403, 'this page may not ask');
  if (request.method === 'OPTIONS') return { status: 204 };
  const path = /^(?:\/([^/?]+))?\/(encode|decode)(?:\?.*)?$/.exec(request.url ?? '');
  if (!path) return refuse(404, 'there are /encode and /decode');
  const given = path[1] ?? /^bearer (.+)$/i.exec(authorization)?.[1] ?? '';
  if (!sameSecret(given, token)) return refuse(401, 'the token is missing or another: see "./sapphire codec serve"');
  if (request.method !== 'POST') return refuse(405, 'only POST');
  const { payloads } = bodySchema.parse(JSON.parse(await bodyOf(request)));
  const done =
    path[2] === 'encode' ? await codec.encode(payloads.map(asPayload)) : await codec.decode(payloads.map(asPayload));
  return { status: 200, body: { payloads: done.map(asJson) } };
}

function refuse(status: number, message: string): Answer {
  return { status, body: { message } };
}

function asPayload({ metadata, data }: z.output<typeof bodySchema>['payloads'][number]): Payload {
  return { ...(metadata ? { metadata } : {}), ...(data ? { data } : {}) };
}

function asJson({ metadata, data }: Payload): object {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, text(value)])),
    ...(data ? { data: text(data) } : {}),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > MOST_BYTES) throw new RangeError(`a request has ${MOST_BYTES} bytes at most`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function send(
  response: ServerResponse,
  status: number,
  body: object | undefined,
  origin: string | undefined,
  origins: readonly string[],
): void {
  const cors =
    origin !== undefined && origins.includes(origin)
      ? {
          'access-control-allow-origin': origin,
          'access-control-allow-methods': 'POST, OPTIONS',
          'access-control-allow-headers': 'authorization, content-type, x-namespace',
          vary: 'origin',
        }
      : {};
  response.writeHead(status, { ...cors, 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(body ? JSON.stringify(body) : undefined);
}

/** What was asked is no part of it. */
function words(error: unknown): string {
  return error instanceof RangeError ? error.message : 'the body must be {"payloads": [...]}, each with base64 values';
}
