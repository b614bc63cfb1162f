import type { CallToolResult, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import {
  consensusRequestSchema,
  consensusSchema,
  participationChangeSchema,
  participationRequestSchema,
  participationSchema,
  retryableMetaKey,
} from '../../contracts/consensus.ts';
import { cycleOutcomes } from '../../contracts/cycle.ts';
import { ErrorName, UserError } from '../../contracts/errors.ts';
import { createErrorRate } from '../../contracts/telemetry/error-rate.ts';
import { noteOnCall } from './call-log.ts';
import type { Coordinator } from './coordinator.ts';

const cycleSchema = z.strictObject({ cycleId: z.string().min(1).max(200) });

/** Loose, since a record was written by the release of its day. */
const decisionSchema = z.looseObject({
  cycleId: z.string(),
  correlationId: z.string(),
  outcome: z.enum(cycleOutcomes),
  summary: z.string(),
  startedAt: z.int(),
  finishedAt: z.int(),
});

const readOnly = { readOnlyHint: true, openWorldHint: false };
const repeatSafe = { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false };

/** Counts every call of a tool that reached its handler; a refusal of the input is no failure. */
const countCall = createErrorRate('mcp-coordinator');

export function registerTools(server: McpServer, coordinator: Coordinator): void {
  server.registerTool(
    'form_consensus',
    {
      title: 'Form the consensus of a cycle',
      description:
        'Pools the agents’ answers under the current participation policy and journals the result. A repeated call for the same cycle returns the consensus that was formed first.',
      inputSchema: consensusRequestSchema,
      outputSchema: consensusSchema,
      annotations: repeatSafe,
    },
    (request) => answered(request.cycleId, () => coordinator.formConsensus(request)),
  );

  server.registerTool(
    'read_consensus',
    {
      title: 'Read the consensus of a cycle',
      description: 'The consensus as it was formed, with votes, dissent and quorum.',
      inputSchema: cycleSchema,
      outputSchema: consensusSchema,
      annotations: readOnly,
    },
    ({ cycleId }) => answered(cycleId, () => coordinator.readConsensus(cycleId)),
  );

  server.registerTool(
    'list_participation',
    {
      title: 'List who takes part',
      description:
        'Every agent with its group, whether it is enabled and its weight, and the quorum that is asked for.',
      inputSchema: z.strictObject({}),
      outputSchema: participationSchema,
      annotations: readOnly,
    },
    () => answered(undefined, () => coordinator.listParticipation()),
  );

  server.registerTool(
    'set_participation',
    {
      title: 'Enable, disable or weigh an agent',
      description:
        'Journals the change with who and why; it takes effect at the next consensus. Weight 0 equals absence. A repeated call with the same requestId changes nothing.',
      inputSchema: participationRequestSchema,
      outputSchema: participationChangeSchema,
      annotations: repeatSafe,
    },
    (request) => answered(undefined, () => coordinator.setParticipation(request)),
  );

  server.registerTool(
    'explain_decision',
    {
      title: 'Explain a decision',
      description:
        'The decision record of a finished cycle: what the market was, what each agent said, the consensus, the limits that bit, the orders and their fills.',
      inputSchema: cycleSchema,
      outputSchema: decisionSchema,
      annotations: readOnly,
    },
    ({ cycleId }) => answered(cycleId, () => coordinator.explainDecision(cycleId)),
  );
}

/**
 * A refusal is a tool error with its sentence. Anything else that is thrown is ours: the caller learns that it may try again, and the log
 * what happened.
 */
async function answered(cycleId: string | undefined, work: () => Promise<object>): Promise<CallToolResult> {
  if (cycleId !== undefined) noteOnCall({ cycleId });
  try {
    const value = await work();
    noteOnCall({ outcome: 'ok' });
    countCall(false);
    return { structuredContent: { ...value }, content: [{ type: 'text', text: JSON.stringify(value) }] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const refused = error instanceof UserError && error.code === ErrorName.coordinatorRefused;
    noteOnCall({ outcome: refused ? 'refused' : 'failed', error: message });
    countCall(!refused);
    return {
      isError: true,
      content: [{ type: 'text', text: refused ? message : 'The coordinator failed; its log has the reason.' }],
      _meta: { [retryableMetaKey]: !refused },
    };
  }
}
