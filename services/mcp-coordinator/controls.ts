import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { invitationSchema } from '../../contracts/guests.ts';
import {
  agentIdText,
  agentSettingsSchema,
  participationChangeSchema,
  participationRequestSchema,
  policyChangeSchema,
  policyRequestSchema,
} from '../../contracts/participation.ts';
import { nameSchema, reasonSchema } from '../../contracts/text.ts';
import { answered, operatorsOnly } from './answered.ts';
import type { Coordinator } from './coordinator.ts';

const repeatSafe = { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false };

const signed = {
  requestId: z.string().min(1).max(200),
  by: nameSchema,
  reason: reasonSchema,
};
const { enabled: _enabled, ...guestSettings } = agentSettingsSchema.shape;
const invitationRequestSchema = z.strictObject({ ...signed, agentId: agentIdText, ...guestSettings });
const fileRequestSchema = z.strictObject({
  ...invitationRequestSchema.shape,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case'),
});
const revocationSchema = z.strictObject({ ...signed, agentId: agentIdText });

/** What changes who takes part and how: for operators alone, journalled with who and why, in effect at the next consensus. */
export function registerControls(server: McpServer, coordinator: Coordinator): void {
  const change = <Request>(work: (request: Request) => Promise<object>) => {
    return (request: Request) =>
      answered(() => {
        operatorsOnly();
        return work(request);
      });
  };

  server.registerTool(
    'set_participation',
    {
      title: 'Change how an agent takes part',
      description:
        'Enabled, role (voter, shadow, guard), weight, cap, group, pinned. Journals the change with who and why; it takes effect at the next consensus. Weight 0 equals absence. A repeated call with the same requestId changes nothing.',
      inputSchema: participationRequestSchema,
      outputSchema: participationChangeSchema,
      annotations: repeatSafe,
    },
    change((request: z.output<typeof participationRequestSchema>) => coordinator.setParticipation(request)),
  );

  server.registerTool(
    'set_policy',
    {
      title: 'Change how a consensus is formed',
      description:
        'Quorum, required groups, caps, pool, least conviction, veto, deadline, age of signals, cool-down, earned trust. Journals the change with who and why; it takes effect at the next cycle. A repeated call with the same requestId changes nothing.',
      inputSchema: policyRequestSchema,
      outputSchema: policyChangeSchema,
      annotations: repeatSafe,
    },
    change((request: z.output<typeof policyRequestSchema>) => coordinator.setPolicy(request)),
  );

  server.registerTool(
    'invite_agent',
    {
      title: 'Invite an agent',
      description:
        'Makes a token with which any MCP client may bring signals under this name; it is shown this once. One that has no token yet is a shadow, scored and not counted, unless a role is named. For an agent that was invited before it makes a new token and ends the old one.',
      inputSchema: invitationRequestSchema,
      outputSchema: invitationSchema,
      annotations: { ...repeatSafe, idempotentHint: false },
    },
    change((request: z.output<typeof invitationRequestSchema>) => coordinator.invite(request)),
  );

  server.registerTool(
    'add_agent_file',
    {
      title: 'Add a rule of one file',
      description:
        'Has a rule asked in each cycle whose file lies, as it was when it was added, on the machines that run agents ("./sapphire agents add FILE" puts it there). A version that is new is a shadow without a score unless a role is named.',
      inputSchema: fileRequestSchema,
      outputSchema: participationChangeSchema,
      annotations: repeatSafe,
    },
    change((request: z.output<typeof fileRequestSchema>) => coordinator.addFile(request)),
  );

  server.registerTool(
    'revoke_agent',
    {
      title: 'Send an invited agent away',
      description: 'Ends its token and disables it. What it said stays in the records.',
      inputSchema: revocationSchema,
      outputSchema: participationChangeSchema,
      annotations: repeatSafe,
    },
    change((request: z.output<typeof revocationSchema>) => coordinator.revoke(request)),
  );
}
