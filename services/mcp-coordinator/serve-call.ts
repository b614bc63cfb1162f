import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NodeIncomingMessageLike, NodeMcpRequestHandler } from '@modelcontextprotocol/node';
import { z } from 'zod';
import { correlationOf } from '../../runtime/telemetry/correlation.ts';
import { createErrorRate } from '../../runtime/telemetry/error-rate.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import { metrics } from '../../runtime/telemetry/metrics.ts';
import { tellServed } from '../../runtime/telemetry/served-span.ts';
import type { Caller } from './authentication.ts';
import { type Call, currentCall } from './call-log.ts';

/** A consensus request of 50 symbols and all agents stays well below this: the longest opinion has some 3 kB, a usual one 500 bytes. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** More than any message has. Whatever walks a message does so on the stack, which ends some thousand levels down. */
const MAX_DEPTH = 64;
const messageSchema = z.object({
  method: z.string(),
  params: z.object({ name: z.string().optional(), uri: z.string().optional() }).optional(),
});
const LOGGED_AT_INFO = ['tools/call', 'resources/read'];

/** Serves one request of the protocol and leaves one line in the log; a call of a tool or resource at info, the protocol's own at debug. */
export async function serveCall(
  request: IncomingMessage,
  response: ServerResponse,
  caller: Caller,
  serveProtocol: NodeMcpRequestHandler,
  logger: Logger,
): Promise<void> {
  const startedAt = performance.now();
  const message = request.method === 'POST' ? await readMessage(request, response) : undefined;
  if (response.writableEnded) return;

  const call: Call = {
    caller,
    correlationId: correlationOf(request.headers) ?? `mcp-${randomUUID()}`,
    ...describe(message),
    outcome: 'refused',
  };
  await currentCall.run(call, () => serveProtocol(plain(request), response, message));

  const { outcome, caller: _caller, ...fields } = call;
  countCall(outcome === 'failed');
  const isCall = LOGGED_AT_INFO.includes(call.method);
  if (isCall) countTool(call, performance.now() - startedAt);
  const level = outcome === 'failed' ? 'error' : isCall ? 'info' : 'debug';
  const ms = Math.round((performance.now() - startedAt) * 10) / 10;
  const { correlationId, method, target } = call;
  tellServed({
    headers: request.headers,
    correlationId,
    name: target === undefined ? method : `${method} ${target}`,
    ms,
    fault: outcome === 'failed' ? { type: 'CallFailed', message: call.error ?? '' } : undefined,
    begins: isCall,
    attributes: {
      'mcp.method.name': method,
      'sapphire.outcome': outcome,
      'http.response.status_code': response.statusCode,
      ...(caller.role === 'agent' ? { 'sapphire.agent': caller.agentId } : {}),
    },
  });
  const agent = caller.role === 'agent' ? { agent: caller.agentId } : {};
  logger[level](
    { ...fields, ...agent, ...(isCall ? { outcome } : {}), status: response.statusCode, ms },
    'coordinator call',
  );
}

const countCall = createErrorRate('mcp-coordinator');

/** Names of what is refused are the caller's own, and without end. */
function countTool({ method, target, outcome }: Call, ms: number): void {
  const served = method === 'tools/call' ? (target ?? 'none') : 'resources';
  const tool = outcome === 'refused' ? 'refused' : served;
  metrics.coordinatorCalls.inc({ tool, outcome });
  if (outcome === 'refused') return;
  // A rate of failures is known from the first one on only where the count began with none.
  metrics.coordinatorCalls.inc({ tool, outcome: 'failed' }, 0);
  metrics.coordinatorDuration.observe({ tool }, ms / 1_000);
}

/** The SDK's view of a request, whose method and url are never undefined. */
function plain(request: IncomingMessage): NodeIncomingMessageLike {
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headers: request.headers,
    [Symbol.asyncIterator]: () => request[Symbol.asyncIterator](),
  };
}

/** The request's JSON, or undefined when it was refused and answered here. */
async function readMessage(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) {
      refuse(response, 413, -32_600, `A request may have ${MAX_BODY_BYTES} bytes at most`);
      return undefined;
    }
    chunks.push(chunk);
  }
  const message = parseJson(Buffer.concat(chunks).toString('utf8'));
  if (message === undefined) refuse(response, 400, -32_700, 'The request is not JSON');
  else if (isDeep(message)) {
    refuse(response, 400, -32_700, `The request is nested more than ${MAX_DEPTH} levels deep`);
    return undefined;
  }
  return message;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isDeep(message: unknown): boolean {
  let level = [message];
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth += 1) {
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return level.length > 0;
}

function refuse(response: ServerResponse, status: number, code: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: null }));
}

/** For the log alone: what is wrong with a message is the protocol's to say. */
function describe(message: unknown): Pick<Call, 'method' | 'target'> {
  const { data } = messageSchema.safeParse(message);
  const target = data?.params?.name ?? data?.params?.uri;
  return {
    method: data?.method.slice(0, 100) ?? 'none',
    ...(target === undefined ? {} : { target: target.slice(0, 300) }),
  };
}
