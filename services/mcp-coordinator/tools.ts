import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { consensusRequestSchema, consensusSchema } from '../../contracts/consensus.ts';
import { cycleOutcomes } from '../../contracts/cycle.ts';
import { signalReceiptSchema, signalSubmissionSchema } from '../../contracts/guests.ts';
import { cycleIdText } from '../../contracts/ids.ts';
import { participationSchema } from '../../contracts/participation.ts';
import { agentScoresSchema } from '../../contracts/scores.ts';
import { answered, callingAgent, operatorsOnly } from './answered.ts';
import type { Coordinator } from './coordinator.ts';
import { explained, ownWordFirst } from './own-word-first.ts';

const cycleSchema = z.strictObject({ cycleId: cycleIdText });

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
    (request) =>
      answered(() => {
        operatorsOnly();
        return coordinator.formConsensus(request);
      }, request.cycleId),
  );

  server.registerTool(
    'submit_signal',
    {
      title: 'Bring signals as an invited agent',
      description:
        'Probabilities of up, flat and down over the horizon, expected return and its standard deviation as fractions, conviction from 0 to 1: one distribution, which is put right by its probabilities where it contradicts itself, and cut to what the market lets anybody know (takenAs says so). list_participation names the horizon that is decided on; a view over another one is brought to it. The newest signal on a symbol stands until it is too old. Whose it is says the token. A repeated call with the same requestId changes nothing.',
      inputSchema: signalSubmissionSchema,
      outputSchema: signalReceiptSchema,
      annotations: repeatSafe,
    },
    (submission) => answered(() => coordinator.submitSignal(callingAgent(), submission), submission.cycleId),
  );

  server.registerTool(
    'read_consensus',
    {
      title: 'Read the consensus of a cycle',
      description:
        'The consensus as it was formed, with votes, dissent, quorum, vetoes and the policy of that moment. A guest reads those of cycles that heard a signal of its own, once they have ended.',
      inputSchema: cycleSchema,
      outputSchema: consensusSchema,
      annotations: readOnly,
    },
    ({ cycleId }) =>
      answered(async () => {
        await ownWordFirst(coordinator, cycleId);
        return coordinator.readConsensus(cycleId);
      }, cycleId),
  );

  server.registerTool(
    'list_participation',
    {
      title: 'List who takes part',
      description:
        'Every agent with its role, group, weight, cap and earned trust, the policy in force, and the question that all are asked.',
      inputSchema: z.strictObject({}),
      outputSchema: participationSchema,
      annotations: readOnly,
    },
    () => answered(() => coordinator.listParticipation()),
  );

  server.registerTool(
    'list_scores',
    {
      title: 'List the agents’ scores',
      description:
        'Brier score and skill, hit rate, calibration and contribution to profit over the weeks that are remembered of each agent, and what its directional skill earns it.',
      inputSchema: z.strictObject({}),
      outputSchema: agentScoresSchema,
      annotations: readOnly,
    },
    () => answered(() => coordinator.listScores()),
  );

  server.registerTool(
    'explain_decision',
    {
      title: 'Explain a decision',
      description:
        'The decision record of a finished cycle: what the market was, what each agent said, the consensus, and, for operators, the limits that bit, the orders and their fills. A guest reads those of cycles that heard a signal of its own.',
      inputSchema: cycleSchema,
      outputSchema: decisionSchema,
      annotations: readOnly,
    },
    ({ cycleId }) => answered(() => explained(coordinator, cycleId), cycleId),
  );
}
