import type { Via } from '../../../contracts/audit.ts';
import { UserError } from '../../../contracts/errors.ts';
import {
  type ModelState,
  type ModelVersion,
  modelAgentId,
  trainingResultSchema,
  weightsFile,
} from '../../../contracts/models.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';
import type { ModelBook } from '../books/models.ts';
import type { Database, Row, Sql, Transaction } from './database.ts';
import { changeParticipation, PARTICIPATION_LOCK } from './participation.ts';

const trainingSchema = trainingResultSchema.omit({ file: true });

function toModel(row: Row): ModelVersion {
  const sha256 = String(row['sha256']);
  const training = trainingSchema.parse(JSON.parse(String(row['training'])));
  return {
    agentId: String(row['agent_id']),
    seat: training.agent,
    state: String(row['state']) as ModelState,
    weights: { file: weightsFile(sha256), sha256 },
    training,
    registeredAt: Number(row['registered_at']),
    registeredBy: String(row['registered_by']),
    trial: {
      since: Number(row['trial_at']),
      count: Number(row['trials']),
      lookedAt: Number(row['looked_at']),
      movedBy: String(row['moved_by']),
    },
  };
}

async function find(sql: Sql, agentId: AgentId): Promise<ModelVersion | undefined> {
  const row = await sql.row('SELECT * FROM models WHERE agent_id = ?', agentId);
  return row && toModel(row);
}

/** What a move is called. */
const told = {
  voting: () => 'model.promoted',
  retired: () => 'model.retired',
  shadow: (from: ModelState) => (from === 'voting' ? 'model.returned' : 'model.registered'),
} as const;

interface Move {
  agentId: AgentId;
  to: ModelState;
  by: string;
  reason: string;
  via?: Via | undefined;
}

/** State and participation move together, so that none votes by accident. */
async function move(transaction: Transaction, { agentId, to, by, reason, via = '' }: Move): Promise<ModelVersion> {
  const before = await find(transaction, agentId);
  if (!before) {
    throw new UserError('NoSuchModel', `There is no model ${agentId}: see "./sapphire models list".`);
  }
  if (before.state === to) return before;
  await transaction.run(
    'UPDATE models SET state = ?, moved_by = ?, trial_at = ?, trials = trials + ? WHERE agent_id = ?',
    to,
    by,
    transaction.now(),
    to === 'shadow' ? 1 : 0,
    agentId,
  );
  const requestId = `model/${agentId}/${to}/${transaction.now()}`;
  const settings =
    to === 'retired' ? { enabled: false } : ({ enabled: true, role: to === 'voting' ? 'voter' : 'shadow' } as const);
  await changeParticipation(transaction, { requestId, agentId, settings, by, reason, via });
  const after = (await find(transaction, agentId)) ?? before;
  await transaction.emit({
    eventId: requestId,
    kind: told[to](before.state),
    payload: { by, reason, via, before, after },
  });
  return after;
}

export function createModelBook(database: Database): ModelBook {
  const inOrder = <T>(work: (transaction: Transaction) => Promise<T>): Promise<T> =>
    database.transaction(PARTICIPATION_LOCK, { ledger: true }, work);
  return {
    register: ({ training, by, reason, via = '' }) =>
      inOrder(async (transaction) => {
        const agentId = modelAgentId(training.agent, training.sha256);
        const known = await find(transaction, agentId);
        if (known)
          return known.state === 'retired' ? move(transaction, { agentId, to: 'shadow', by, reason, via }) : known;
        await transaction.run(
          'INSERT INTO models (agent_id, seat, state, sha256, training, registered_at, registered_by, moved_by, trial_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
          agentId,
          training.agent,
          'shadow',
          training.sha256,
          JSON.stringify(training),
          transaction.now(),
          by,
          by,
          transaction.now(),
        );
        const requestId = `model/${agentId}/registered`;
        const settings = { enabled: true, role: 'shadow', group: 'forecasters' } as const;
        await changeParticipation(transaction, { requestId, agentId, settings, by, reason, via });
        const after = await find(transaction, agentId);
        if (!after) throw new Error(`the model ${agentId} was not written`);
        await transaction.emit({ eventId: requestId, kind: 'model.registered', payload: { by, reason, via, after } });
        return after;
      }),

    promote: (request) => inOrder((transaction) => move(transaction, { ...request, to: 'voting' })),
    returnToShadow: (request) => inOrder((transaction) => move(transaction, { ...request, to: 'shadow' })),
    look: ({ agentId, at, renew }) =>
      inOrder(async (transaction) => {
        await transaction.run('UPDATE models SET looked_at = ? WHERE agent_id = ?', at, agentId);
        if (renew)
          await transaction.run('UPDATE models SET trial_at = ?, trials = trials + 1 WHERE agent_id = ?', at, agentId);
      }),
    retire: (request) => inOrder((transaction) => move(transaction, { ...request, to: 'retired' })),

    async list() {
      return (await database.rows('SELECT * FROM models ORDER BY registered_at DESC, agent_id')).map(toModel);
    },
  };
}
