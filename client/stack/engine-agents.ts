import { seatRow } from '../../domain/signals/seats.ts';
import type { Engine } from '../../runtime/configuration/engines.ts';

/**
 * Switches the agents of started engines on, once in the life of the books: the request id is the same each time, so that whoever switched
 * such an agent off since then keeps it off.
 *
 * @throws UserError as the coordinator's client does
 */
export async function enableOfferedAgents(
  engines: readonly Engine[],
  coordinator: { url: string; token: string },
): Promise<void> {
  const wanted = engines.filter((engine) => seatRow(engine).takesPart === 'when_asked');
  if (wanted.length === 0) return;
  // Loaded at its first use: most starts have no such engine, and the MCP client takes its time.
  const { createCoordinatorClient } = await import('../../trading/decide/coordinator-client.ts');
  const client = createCoordinatorClient(coordinator);
  try {
    for (const agentId of wanted) {
      await client.setParticipation({
        requestId: `stack/with/${agentId}`,
        agentId,
        enabled: true,
        by: 'npm start',
        reason: `first start with --with ${agentId}`,
      });
    }
  } finally {
    await client.close();
  }
}
