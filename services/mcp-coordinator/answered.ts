import type { CallToolResult } from '@modelcontextprotocol/server';
import { errorCodeMetaKey, retryableMetaKey } from '../../contracts/consensus.ts';
import { ErrorName, UserError } from '../../contracts/errors.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import { currentCall, noteOnCall } from './call-log.ts';

/**
 * A refusal is a tool error with its sentence. Anything else that is thrown is ours: the caller learns that it may try again, and the log
 * what happened.
 */
export async function answered(work: () => Promise<object>, cycleId?: string): Promise<CallToolResult> {
  if (cycleId !== undefined) noteOnCall({ cycleId });
  try {
    const value = await work();
    noteOnCall({ outcome: 'ok' });
    return { structuredContent: { ...value }, content: [{ type: 'text', text: JSON.stringify(value) }] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const refused = error instanceof UserError;
    noteOnCall({ outcome: refused ? 'refused' : 'failed', error: message });
    return {
      isError: true,
      content: [{ type: 'text', text: refused ? message : 'The coordinator failed; its log has the reason.' }],
      _meta: { [retryableMetaKey]: !refused, ...(refused ? { [errorCodeMetaKey]: error.code } : {}) },
    };
  }
}

/** Only operators, and the cycle, may do what follows. */
export function operatorsOnly(): void {
  if (currentCall.getStore()?.caller.role !== 'operator') {
    throw notAllowed('An agent’s token may not do this: it needs the coordinator’s own token.');
  }
}

/** The agent that calls, by its token. */
export function callingAgent(): AgentId {
  const caller = currentCall.getStore()?.caller;
  if (caller?.role === 'agent') return caller.agentId;
  throw notAllowed('Whose signal it is says the token: bring that of an invited agent ("./sapphire agents invite").');
}

function notAllowed(message: string): UserError {
  return new UserError(ErrorName.coordinatorRefused, message);
}
