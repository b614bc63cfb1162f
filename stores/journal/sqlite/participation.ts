import { type AgentId, agentIds } from '../../../domain/agents.ts';
import type { AgentParticipation } from '../../../domain/participation.ts';
import type { ParticipationBook, ParticipationChange } from '../port.ts';
import type { Row, SqliteDatabase } from './database.ts';

function readAgents(database: SqliteDatabase): Record<AgentId, AgentParticipation> {
  const rows = new Map(database.rows('SELECT * FROM participation').map((row) => [String(row['agent_id']), row]));
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

export function createParticipationBook(database: SqliteDatabase): ParticipationBook {
  return {
    async seed(defaults) {
      database.transaction(() => {
        for (const agentId of agentIds) {
          const { enabled, weight } = defaults[agentId];
          database.run(
            'INSERT INTO participation (agent_id, enabled, weight) VALUES (?, ?, ?) ON CONFLICT (agent_id) DO NOTHING',
            agentId,
            enabled ? 1 : 0,
            weight,
          );
        }
      });
    },

    async read() {
      const version = Number(
        database.row('SELECT coalesce(max(version), 0) AS version FROM participation_changes')?.['version'],
      );
      return { version, agents: readAgents(database) };
    },

    async change({ requestId, agentId, enabled, weight, by, reason }) {
      return database.transaction(() => {
        const known = database.row('SELECT * FROM participation_changes WHERE request_id = ?', requestId);
        if (known) return toChange(known);
        const before = readAgents(database)[agentId];
        const after: AgentParticipation = { enabled: enabled ?? before.enabled, weight: weight ?? before.weight };
        database.run(
          `INSERT INTO participation (agent_id, enabled, weight) VALUES (?, ?, ?)
           ON CONFLICT (agent_id) DO UPDATE SET enabled = excluded.enabled, weight = excluded.weight`,
          agentId,
          after.enabled ? 1 : 0,
          after.weight,
        );
        database.run(
          `INSERT INTO participation_changes (request_id, agent_id, before, after, changed_by, reason, changed_at)
           VALUES (?, ?, ?, ?, ?, ?, ?)`,
          requestId,
          agentId,
          JSON.stringify(before),
          JSON.stringify(after),
          by,
          reason,
          database.now(),
        );
        const row = database.row('SELECT * FROM participation_changes WHERE request_id = ?', requestId);
        if (!row) throw new Error(`the change ${requestId} was not written`);
        const change = toChange(row);
        database.emit({ eventId: `participation/${requestId}`, kind: 'participation.changed', payload: change });
        return change;
      });
    },

    async changes(limit) {
      return database.rows('SELECT * FROM participation_changes ORDER BY version DESC LIMIT ?', limit).map(toChange);
    },
  };
}
