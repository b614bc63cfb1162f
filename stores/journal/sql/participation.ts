import { type Via, via } from '../../../contracts/audit.ts';
import { UserError } from '../../../contracts/errors.ts';
import { didYouMean } from '../../../contracts/near-names.ts';
import {
  type AgentSettings,
  agentParticipationSchema,
  type ParticipationChange,
  withSettings,
} from '../../../contracts/participation.ts';
import { type AgentParticipation, defaultParticipation } from '../../../domain/consensus/participation.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';
import type { ParticipationBook } from '../books/participation.ts';
import { toHealth } from './agent-health.ts';
import type { Database, Row, Sql, Transaction } from './database.ts';

/** Changes of who takes part come one after the other. */
export const PARTICIPATION_LOCK = 'participation';

/** Rows of an earlier release say less; what they leave out is as it is by default. */
function parse(agentId: AgentId, text: unknown): AgentParticipation {
  const stored: unknown = JSON.parse(String(text));
  return agentParticipationSchema.parse({ ...defaultParticipation(agentId), ...(stored as object) });
}

/** Undefined where somebody wrote there what is none. */
export function readParticipation(row: Row): AgentParticipation | undefined {
  try {
    return parse(String(row['agent_id']), row['participation']);
  } catch {
    return undefined;
  }
}

export async function readAgents(sql: Sql): Promise<Record<AgentId, AgentParticipation>> {
  const rows = await sql.rows('SELECT * FROM agents ORDER BY agent_id');
  return Object.fromEntries(
    rows.map((row) => [String(row['agent_id']), parse(String(row['agent_id']), row['participation'])]),
  );
}

function toChange(row: Row): ParticipationChange {
  const agentId = String(row['agent_id']);
  return {
    version: Number(row['version']),
    agentId,
    ...(row['before'] === 'null' ? {} : { before: parse(agentId, row['before']) }),
    after: parse(agentId, row['after']),
    by: String(row['changed_by']),
    reason: String(row['reason']),
    changedAt: Number(row['changed_at']),
  };
}

const find = (sql: Sql, requestId: string): Promise<Row | undefined> =>
  sql.row('SELECT * FROM participation_changes WHERE request_id = ?', requestId);

export async function findChange(sql: Sql, requestId: string): Promise<ParticipationChange | undefined> {
  const row = await find(sql, requestId);
  return row && toChange(row);
}

export interface ChangeRequest {
  requestId: string;
  agentId: AgentId;
  settings: AgentSettings;
  by: string;
  reason: string;
  via?: Via | undefined;
}

/** Writes a change with what was before, and its event. */
export async function changeParticipation(
  transaction: Transaction,
  { requestId, agentId, settings, by, reason, via: door = '' }: ChangeRequest,
): Promise<ParticipationChange> {
  const before = (await readAgents(transaction))[agentId];
  const after = withSettings(agentId, settings, before);
  await transaction.run(
    `INSERT INTO agents (agent_id, participation) VALUES (?, ?)
     ON CONFLICT (agent_id) DO UPDATE SET participation = excluded.participation`,
    agentId,
    JSON.stringify(after),
  );
  await transaction.run(
    `INSERT INTO participation_changes (request_id, agent_id, before, after, changed_by, reason, changed_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    requestId,
    agentId,
    JSON.stringify(before ?? null),
    JSON.stringify(after),
    by,
    reason,
    transaction.now(),
  );
  const change = await findChange(transaction, requestId);
  if (!change) throw new Error(`the change ${requestId} was not written`);
  await transaction.emit({
    eventId: `participation/${requestId}`,
    kind: 'participation.changed',
    payload: { ...change, via: door },
  });
  return change;
}

const SEEDED = 'participation/seeded';

/** The first entry tells of every agent that there is, so that the audit trail knows all of them from then on; later ones of those that were added. */
async function tellSeeded(transaction: Transaction, added: ReadonlySet<AgentId>): Promise<void> {
  const told = await transaction.row('SELECT place FROM audit_trail WHERE event_id = ?', SEEDED);
  if (told && added.size === 0) return;
  const agents = Object.entries(await readAgents(transaction)).filter(([agentId]) => !told || added.has(agentId));
  await transaction.emit({
    eventId: told ? `${SEEDED}/${[...added].sort().join('+')}` : SEEDED,
    kind: 'participation.seeded',
    payload: {
      by: 'configuration',
      via: via.system('configuration'),
      reason: 'agents without settings of their own',
      agents: Object.fromEntries(agents),
    },
  });
}

export function createParticipationBook(database: Database): ParticipationBook {
  return {
    seed: (defaults) =>
      database.transaction(PARTICIPATION_LOCK, { ledger: true }, async (transaction) => {
        const added = new Set<AgentId>();
        for (const [agentId, participation] of Object.entries(defaults)) {
          const inserted = await transaction.run(
            'INSERT INTO agents (agent_id, participation) VALUES (?, ?) ON CONFLICT (agent_id) DO NOTHING',
            agentId,
            JSON.stringify(participation),
          );
          if (inserted > 0) added.add(agentId);
        }
        await tellSeeded(transaction, added);
      }),

    async read() {
      const row = await database.row('SELECT coalesce(max(version), 0) AS version FROM participation_changes');
      return { version: Number(row?.['version']), agents: await readAgents(database) };
    },

    change: (request) =>
      database.transaction(PARTICIPATION_LOCK, { ledger: true }, async (transaction) => {
        const known = await findChange(transaction, request.requestId);
        if (known) return known;
        const agents = await readAgents(transaction);
        if (!agents[request.agentId]) throw unknownAgent(request.agentId, Object.keys(agents));
        return changeParticipation(transaction, request);
      }),

    async changes(limit) {
      const rows = await database.rows('SELECT * FROM participation_changes ORDER BY version DESC LIMIT ?', limit);
      return rows.map(toChange);
    },

    async health() {
      const rows = await database.rows('SELECT * FROM agent_health');
      return Object.fromEntries(rows.map((row) => [String(row['agent_id']), toHealth(row)]));
    },
  };
}

export function unknownAgent(agentId: AgentId, known: readonly AgentId[]): UserError {
  return new UserError(
    'AgentUnknown',
    `There is no agent ${agentId}${didYouMean(agentId, known) || '.'} There are ${known.join(', ')}. Others join by "./sapphire agents invite".`,
  );
}
