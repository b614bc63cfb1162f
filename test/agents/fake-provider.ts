import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';

/** A fake of a hosted model's HTTP endpoint: it speaks the protocol and knows nothing of markets. Only tests use it. */
export interface FakeProvider {
  /** Of the chat API. */
  baseUrl: string;
  /** Of the server, under which `pages` lie. */
  origin: string;
  /** Bodies of the chat requests so far. */
  requests: ChatRequest[];
  authorizations: (string | undefined)[];
  close(): Promise<void>;
}

const chatRequestSchema = z.looseObject({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
});
export type ChatRequest = z.output<typeof chatRequestSchema>;

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  /** The assistant's text; `body` replaces the whole answer. */
  content?: string;
  finishReason?: string;
  model?: string;
  usage?: unknown;
  body?: string;
  /** Before the text, in a field of its own. */
  thinking?: string;
  /** The stream ends without a reason to. */
  breaksOff?: boolean;
  /** `never`: no answer. `headers`: the answer stops after its headers. `middle`: a stream stops after its first pieces. */
  stall?: 'never' | 'headers' | 'middle';
}

/**
 * @param reply what the n-th chat request (from 0) gets
 * @param pages JSON that GET requests get by path; others get 404
 */
export async function startFakeProvider(
  reply: (request: ChatRequest, index: number) => Reply | Promise<Reply>,
  pages: Readonly<Record<string, unknown>> = {},
): Promise<FakeProvider> {
  const requests: ChatRequest[] = [];
  const authorizations: (string | undefined)[] = [];
  const server = createServer((incoming, outgoing) => {
    if (incoming.method === 'GET') {
      const page = pages[incoming.url ?? ''];
      outgoing.writeHead(page === undefined ? 404 : 200, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify(page ?? { detail: 'Not Found' }));
      return;
    }
    void take(incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the fake has no port');
  const { port } = address;

  async function take(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = chatRequestSchema.parse(JSON.parse(await readBody(incoming)));
    requests.push(request);
    authorizations.push(incoming.headers.authorization);
    send(outgoing, request, await reply(request, requests.length - 1));
  }

  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    origin: `http://127.0.0.1:${port}`,
    requests,
    authorizations,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of incoming) text += String(chunk);
  return text;
}

function send(outgoing: ServerResponse, request: ChatRequest, reply: Reply): void {
  if (reply.stall === 'never') return;
  if (request['stream'] === true && reply.body === undefined && reply.stall !== 'headers') {
    outgoing.writeHead(reply.status ?? 200, { 'content-type': 'text/event-stream', ...reply.headers });
    const pieces = chunks(request, reply).map((piece) => `data: ${JSON.stringify(piece)}\n\n`);
    if (reply.stall === 'middle') outgoing.write(pieces.slice(0, 2).join(''));
    else if (reply.breaksOff === true) outgoing.end(pieces.slice(0, -2).join(''));
    else outgoing.end(`: keep-alive\n\n${pieces.join('')}data: [DONE]\n\n`);
    return;
  }
  outgoing.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers });
  if (reply.stall === 'headers') {
    outgoing.flushHeaders();
    return;
  }
  outgoing.end(reply.body ?? JSON.stringify(completion(request, reply)));
}

const usual = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };

/** Thinking and text in pieces, then the reason of the end, then the usage. */
function chunks(request: ChatRequest, reply: Reply): unknown[] {
  const model = reply.model ?? request.model;
  const piece = (delta: unknown, finish_reason: string | null = null) => ({
    object: 'chat.completion.chunk',
    model,
    choices: [{ index: 0, delta, finish_reason }],
    usage: null,
  });
  return [
    ...(reply.thinking?.match(/[^]{1,20}/g) ?? []).map((text) => piece({ content: null, reasoning_content: text })),
    ...((reply.content ?? '').match(/[^]{1,20}/g) ?? []).map((text) => piece({ content: text })),
    piece({}, reply.finishReason ?? 'stop'),
    { object: 'chat.completion.chunk', model, choices: [], usage: 'usage' in reply ? reply.usage : usual },
  ];
}

function completion(request: ChatRequest, reply: Reply): unknown {
  return {
    id: 'fake',
    object: 'chat.completion',
    model: reply.model ?? request.model,
    choices: [
      {
        index: 0,
        finish_reason: reply.finishReason ?? 'stop',
        message: { role: 'assistant', content: reply.content ?? '', reasoning_content: reply.thinking },
      },
    ],
    usage: 'usage' in reply ? reply.usage : usual,
  };
}
