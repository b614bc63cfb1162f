import {
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import { ErrorName, UserError } from '../../contracts/errors.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { CycleId } from '../../domain/orders/ids.ts';
import { noteOnCall } from './call-log.ts';
import type { Coordinator } from './coordinator.ts';
import { explained } from './own-word-first.ts';

const AGENTS_URI = 'agents://all';
const SCORES_URI = 'scores://all';
const JSON_TYPE = 'application/json';

export function registerResources(server: McpServer, coordinator: Coordinator): void {
  server.registerResource(
    'agents',
    AGENTS_URI,
    { title: 'Agents', description: 'Who takes part, with which weight, and the policy.', mimeType: JSON_TYPE },
    (uri) => read(uri, () => coordinator.listParticipation()),
  );

  server.registerResource(
    'scores',
    SCORES_URI,
    { title: 'Scores', description: 'What each agent’s signals turned out to be worth.', mimeType: JSON_TYPE },
    (uri) => read(uri, () => coordinator.listScores()),
  );

  server.registerResource(
    'cycle',
    // Cycles are not listed: there are thousands. Their ids are in the workflows' ids and in `./sapphire cycle list`.
    new ResourceTemplate('cycles://{id}', { list: undefined }),
    { title: 'Cycle', description: 'The decision record of a finished cycle.', mimeType: JSON_TYPE },
    (uri, { id }) => {
      const cycleId: CycleId = tagged(decodeURIComponent(String(id)));
      noteOnCall({ cycleId });
      return read(uri, () => explained(coordinator, cycleId));
    },
  );
}

async function read(uri: URL, work: () => Promise<object>) {
  try {
    const text = JSON.stringify(await work());
    noteOnCall({ outcome: 'ok' });
    return { contents: [{ uri: uri.href, mimeType: JSON_TYPE, text }] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const refused = error instanceof UserError && error.code === ErrorName.coordinatorRefused;
    noteOnCall({ outcome: refused ? 'refused' : 'failed', error: message });
    if (refused) throw new ResourceNotFoundError(uri.href, message);
    throw new ProtocolError(ProtocolErrorCode.InternalError, 'The coordinator failed; its log has the reason.');
  }
}
