import { type AgentId, agentIds } from '../../../domain/agents.ts';
import type { AgentParticipation } from '../../../domain/participation.ts';
import type { ParticipationBook, ParticipationChange } from '../port.ts';
import type { Database, Row, Sql, Transaction } from './database.ts';

async function readAgents(sql: Sql): Promise<Record<AgentId, AgentParticipation>> {
  const rows = new Map((await sql.rows('SELECT * FROM participation')).map((row) => [String(row['agent_id']), row]));
  return Object.fromEntries(
    agentIds.map((agentId) => {
      const row = rows.get(agentId);
      return [agentId, { enabled: row?.['enabled'] === 1, weight: Number(row?.['weight'] ?? 0) }];
    }),
  ) as Record<AgentId, AgentParticipation>;
}

function toChange(row: Row): ParticipationChange {
  return {
    version: Number(row['version']),
    agentId: String(row['agent_id']) as AgentId,
    before: JSON.parse(String(row['before'])) as AgentParticipation,
    after: JSON.parse(String(row['after'])) as AgentParticipation,
    by: String(row['changed_by']),
    reason: String(row['reason']),
    changedAt: Number(row['changed_at']),
  };
}

const findChange = (sql: Sql, requestId: string): Promise<Row | undefined> =>
  sql.row('SELECT * FROM participation_changes WHERE request_id = ?', requestId);

async function write(
  transaction: Transaction,
  agentId: AgentId,
  { enabled, weight }: AgentParticipation,
  replace: boolean,
) {
  await transaction.run(
    `INSERT INTO participation (agent_id, enabled, weight) VALUES (?, ?, ?) ON CONFLICT (agent_id) ${
      replace ? 'DO UPDATE SET enabled = excluded.enabled, weight = excluded.weight' : 'DO NOTHING'
    }`,
    agentId,
    enabled ? 1 : 0,
    String(weight),
  );
}

/** Changes of who takes part come one after the other. */
const LOCK = 'participation';

export function createParticipationBook(database: Database): ParticipationBook {
  return {
    seed: (defaults) =>
      database.transaction(LOCK, { ledger: true }, async (transaction) => {
        for (const agentId of agentIds) await write(transaction, agentId, defaults[agentId], false);
      }),

    async read() {
      const row = await database.row('SELECT coalesce(max(version), 0) AS version FROM participation_changes');
      return { version: Number(row?.['version']), agents: await readAgents(database) };
    },

    change: ({ requestId, agentId, enabled, weight, by, reason }) =>
      database.transaction(LOCK, { ledger: true }, async (transaction) => {
        const known = await findChange(transaction, requestId);
        if (known) return toChange(known);
        const before = (await readAgents(transaction))[agentId];
        const after: AgentParticipation = { enabled: enabled ?? before.enabled, weight: weight ?? before.weight };
        await write(transaction, agentId, after, true);
        await transaction.run(
          `INSERT INTO participation_changes (request_id, agent_id, before, after, changed_by, reason, changed_at)
           VALUES (?, ?, ?, ?, ?, ?, ?)`,
          requestId,
          agentId,
          JSON.stringify(before),
          JSON.stringify(after),
          by,
          reason,
          transaction.now(),
        );
        const row = await findChange(transaction, requestId);
        if (!row) throw new Error(`the change ${requestId} was not written`);
        const change = toChange(row);
        await transaction.emit({
          eventId: `participation/${requestId}`,
          kind: 'participation.changed',
          payload: change,
        });
        return change;
      }),

    async changes(limit) {
      const rows = await database.rows('SELECT * FROM participation_changes ORDER BY version DESC LIMIT ?', limit);
      return rows.map(toChange);
    },
  };
}
