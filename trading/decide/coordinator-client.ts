import { Client, ProtocolError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { z } from 'zod';
import {
  type Consensus,
  type ConsensusRequest,
  consensusSchema,
  errorCodeMetaKey,
  retryableMetaKey,
} from '../../contracts/consensus.ts';
import { ErrorName, isErrorCode, UserError } from '../../contracts/errors.ts';
import { invitationSchema } from '../../contracts/guests.ts';
import {
  type AgentSettings,
  type Participation,
  type ParticipationChange,
  type ParticipationRequest,
  type PolicyChange,
  type PolicyRequest,
  participationChangeSchema,
  participationSchema,
  policyChangeSchema,
} from '../../contracts/participation.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import { correlationHeaders } from '../../runtime/telemetry/correlation.ts';
import { SpanKind, traced, traceHeaders } from '../../runtime/telemetry/tracing.ts';

/** The coordinator answers within milliseconds. Below the three seconds that the cycle gives an attempt, so that the reason is ours to tell. */
const CALL_TIMEOUT_MS = 2_500;

/** A change of one agent, with who and why. */
interface Signed {
  requestId: string;
  agentId: AgentId;
  by: string;
  reason: string;
}

export interface CoordinatorClient {
  formConsensus(request: ConsensusRequest, correlationId?: string): Promise<Consensus>;
  listParticipation(correlationId?: string): Promise<Participation>;
  setParticipation(request: ParticipationRequest, correlationId?: string): Promise<ParticipationChange>;
  setPolicy(request: PolicyRequest, correlationId?: string): Promise<PolicyChange>;
  invite(request: Signed & AgentSettings, correlationId?: string): Promise<z.output<typeof invitationSchema>>;
  addFile(request: Signed & AgentSettings & { sha256: string }, correlationId?: string): Promise<ParticipationChange>;
  revoke(request: Signed, correlationId?: string): Promise<ParticipationChange>;
  /** The protocol's version that was agreed on with the server, undefined before the first call. */
  protocolVersion(): string | undefined;
  close(): Promise<void>;
}

/**
 * An MCP client that keeps its connection over calls and makes a new one after a failure, so it outlives restarts of the server.
 * Every tool of the coordinator is repeat-safe: a call that failed may be made again.
 *
 * @throws UserError CoordinatorRefused when the same call would be refused again; UserError CoordinatorUnavailable otherwise
 */
export function createCoordinatorClient({ url, token }: { url: string; token: string }): CoordinatorClient {
  let connection: Promise<Client> | undefined;

  async function connect(): Promise<Client> {
    const client = new Client(
      { name: 'sapphire', version: '1.0.0' },
      { versionNegotiation: { mode: 'auto' }, defaultCacheTtlMs: 0 },
    );
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    });
    await client.connect(transport, { timeout: CALL_TIMEOUT_MS });
    negotiated = client.getNegotiatedProtocolVersion();
    return client;
  }
  let negotiated: string | undefined;

  async function drop(): Promise<void> {
    const dropped = connection;
    connection = undefined;
    await dropped?.then((client) => client.close()).catch(() => undefined);
  }

  function call<S extends z.ZodType>(
    tool: string,
    input: Record<string, unknown>,
    schema: S,
    correlationId: string | undefined,
  ): Promise<z.output<S>> {
    const told = { kind: SpanKind.CLIENT, attributes: { 'mcp.method.name': 'tools/call' } };
    return traced(`tools/call ${tool}`, told, () => ask(tool, input, schema, correlationId));
  }

  async function ask<S extends z.ZodType>(
    tool: string,
    input: Record<string, unknown>,
    schema: S,
    correlationId: string | undefined,
  ): Promise<z.output<S>> {
    try {
      connection ??= connect();
      const client = await connection;
      const answer = await client.callTool(
        { name: tool, arguments: input },
        { timeout: CALL_TIMEOUT_MS, headers: { ...correlationHeaders(correlationId), ...traceHeaders() } },
      );
      if (answer.isError) throw toolError(answer);
      return schema.parse(answer.structuredContent);
    } catch (error) {
      if (error instanceof UserError) throw error;
      await drop();
      throw callError(error, url);
    }
  }

  return {
    formConsensus: (request, correlationId) => call('form_consensus', { ...request }, consensusSchema, correlationId),
    listParticipation: (correlationId) => call('list_participation', {}, participationSchema, correlationId),
    setParticipation: (request, correlationId) =>
      call('set_participation', { ...request }, participationChangeSchema, correlationId),
    setPolicy: (request, correlationId) => call('set_policy', { ...request }, policyChangeSchema, correlationId),
    invite: (request, correlationId) => call('invite_agent', { ...request }, invitationSchema, correlationId),
    addFile: (request, correlationId) =>
      call('add_agent_file', { ...request }, participationChangeSchema, correlationId),
    revoke: (request, correlationId) => call('revoke_agent', { ...request }, participationChangeSchema, correlationId),
    protocolVersion: () => negotiated,
    close: drop,
  };
}

function toolError({ content, _meta }: { content: unknown[]; _meta?: Record<string, unknown> | undefined }): UserError {
  const text = content
    .map((block) => (typeof block === 'object' && block !== null && 'text' in block ? String(block.text) : ''))
    .join(' ');
  if (_meta?.[retryableMetaKey] === true) return unavailable(text);
  const code = _meta?.[errorCodeMetaKey];
  return isErrorCode(code) ? new UserError(code, text) : refused(text);
}

/** Errors of the protocol and of HTTP that speak of our input or token will be the same next time; all others may pass. */
function callError(error: unknown, url: string): UserError {
  for (const cause of causes(error)) {
    const status = statusOf(cause);
    if (status === 401) {
      return refused(
        `The MCP coordinator at ${url} refused the token: set SAPPHIRE_COORDINATOR_TOKEN to the one it runs with.`,
      );
    }
    if (status !== undefined && status >= 400 && status < 500 && ![408, 425, 429].includes(status)) {
      return refused(`The MCP coordinator at ${url} refused the request with HTTP status ${status}.`);
    }
    if (cause instanceof ProtocolError && cause.code <= -32_600 && cause.code >= -32_602) return refused(cause.message);
  }
  const reason = causes(error)
    .map((cause) => (cause instanceof Error ? cause.message : String(cause)))
    .join(': ');
  return unavailable(`The MCP coordinator at ${url} gave no usable answer (${reason}). Is it running?`);
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('status' in error && typeof error.status === 'number') return error.status;
  return error instanceof Error && error.name === 'UnauthorizedError' ? 401 : undefined;
}

/** The error and what it was caused by, outermost first. */
function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (
    let next = error;
    next !== undefined && chain.length < 5;
    next = next instanceof Error ? next.cause : undefined
  ) {
    chain.push(next);
  }
  return chain;
}

function refused(message: string): UserError {
  return new UserError(ErrorName.coordinatorRefused, message);
}

function unavailable(message: string): UserError {
  return new UserError('CoordinatorUnavailable', message);
}
