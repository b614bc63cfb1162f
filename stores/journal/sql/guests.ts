import { UserError } from '../../../contracts/errors.ts';
import type { AgentSettings } from '../../../contracts/participation.ts';
import { signalSchema } from '../../../contracts/signals.ts';
import { isSeat } from '../../../domain/signals/agents.ts';
import type { AddedFile, GuestBook, SubmittedSignal } from '../books/guests.ts';
import type { Database, Row, Transaction } from './database.ts';
import { changeParticipation, findChange, PARTICIPATION_LOCK, readAgents, unknownAgent } from './participation.ts';

function toSubmitted(row: Row): SubmittedSignal {
  return {
    signal: signalSchema.parse(JSON.parse(String(row['signal']))),
    model: String(row['model']),
    version: String(row['version']),
    receivedAt: Number(row['received_at']),
    lateFor: row['late_for'] === null ? undefined : String(row['late_for']),
  };
}

/** Stands in place of a token's hash, and is none: no token leads to it. */
const FILE = 'file:';

function toFile(row: Row): AddedFile {
  const sha256 = String(row['token_hash']).slice(FILE.length, FILE.length + 64);
  return { agentId: String(row['agent_id']), sha256, since: Number(row['created_at']) };
}

async function filesIn(sql: Pick<Transaction, 'rows'>): Promise<AddedFile[]> {
  const rows = await sql.rows(
    `SELECT * FROM guest_tokens WHERE ended_at IS NULL AND token_hash LIKE '${FILE}%' ORDER BY agent_id`,
  );
  return rows.map(toFile);
}

/** @throws UserError NameTaken for a name of ours */
async function refuseOurs(transaction: Transaction, agentId: string): Promise<void> {
  const isModel = await transaction.row('SELECT 1 AS known FROM models WHERE agent_id = ?', agentId);
  if (isSeat(agentId) || isModel) {
    throw new UserError(
      'NameTaken',
      `${agentId} is an agent of Sapphire's own, and no guest can take its name: choose another.`,
    );
  }
}

/** Whose signals nobody knows yet is scored first: it votes when a person says so. Another token for a guest that has one changes nothing of that. */
async function onProbation(
  transaction: Transaction,
  agentId: string,
  { role, ...settings }: AgentSettings,
): Promise<AgentSettings> {
  if (role !== undefined) return { ...settings, role };
  const isGuest = await transaction.row(
    `SELECT 1 AS known FROM guest_tokens WHERE agent_id = ? AND ended_at IS NULL AND token_hash NOT LIKE '${FILE}%'`,
    agentId,
  );
  return isGuest ? settings : { ...settings, role: 'shadow' };
}

async function endTokens(transaction: Transaction, agentId: string): Promise<void> {
  await transaction.run(
    'UPDATE guest_tokens SET ended_at = ? WHERE agent_id = ? AND ended_at IS NULL',
    transaction.now(),
    agentId,
  );
}

export function createGuestBook(database: Database): GuestBook {
  const findSubmission = (sql: Pick<Transaction, 'row'>, agentId: string, requestId: string, symbol: string) =>
    sql.row(
      'SELECT * FROM submitted_signals WHERE agent_id = ? AND request_id = ? AND symbol = ?',
      agentId,
      requestId,
      symbol,
    );

  return {
    invite: ({ tokenHash, ...request }) =>
      database.transaction(PARTICIPATION_LOCK, { ledger: true }, async (transaction) => {
        const known = await findChange(transaction, request.requestId);
        if (known) return known;
        const { agentId } = request;
        await refuseOurs(transaction, agentId);
        const settings = await onProbation(transaction, agentId, request.settings);
        await endTokens(transaction, agentId);
        await transaction.run(
          'INSERT INTO guest_tokens (token_hash, agent_id, created_at) VALUES (?, ?, ?)',
          tokenHash,
          agentId,
          transaction.now(),
        );
        return changeParticipation(transaction, { ...request, settings });
      }),

    revoke: (request) =>
      database.transaction(PARTICIPATION_LOCK, { ledger: true }, async (transaction) => {
        const known = await findChange(transaction, request.requestId);
        if (known) return known;
        const guests = Object.keys(await readAgents(transaction)).filter((id) => !isSeat(id));
        if (!guests.includes(request.agentId)) throw unknownAgent(request.agentId, guests);
        await endTokens(transaction, request.agentId);
        return changeParticipation(transaction, { ...request, settings: { enabled: false } });
      }),

    addFile: ({ sha256, ...request }) =>
      database.transaction(PARTICIPATION_LOCK, { ledger: true }, async (transaction) => {
        const known = await findChange(transaction, request.requestId);
        if (known) return known;
        const { agentId, requestId, settings } = request;
        await refuseOurs(transaction, agentId);
        const standing = (await filesIn(transaction)).find((file) => file.agentId === agentId);
        const isGuest = await transaction.row(
          'SELECT 1 AS known FROM guest_tokens WHERE agent_id = ? AND ended_at IS NULL',
          agentId,
        );
        if (isGuest && !standing) {
          throw new UserError(
            'NameTaken',
            `${agentId} is a guest with a token: choose another name, or end it first ("./sapphire agents revoke ${agentId}").`,
          );
        }
        if (standing?.sha256 === sha256) return changeParticipation(transaction, request);
        await endTokens(transaction, agentId);
        await transaction.run('DELETE FROM agent_scores WHERE agent_id = ?', agentId);
        await transaction.run(
          'INSERT INTO guest_tokens (token_hash, agent_id, created_at) VALUES (?, ?, ?)',
          `${FILE}${sha256}:${requestId}`,
          agentId,
          transaction.now(),
        );
        return changeParticipation(transaction, {
          ...request,
          settings: { ...settings, role: settings.role ?? 'shadow' },
        });
      }),

    files: () => filesIn(database),

    async byToken(tokenHash) {
      const row = await database.row(
        'SELECT agent_id FROM guest_tokens WHERE token_hash = ? AND ended_at IS NULL',
        tokenHash,
      );
      return row && String(row['agent_id']);
    },

    submit: (requestId, { signal, model, version, cycleId }) =>
      database.transaction('', {}, async (transaction) => {
        const { agentId, symbol } = signal;
        const formed =
          cycleId === undefined
            ? undefined
            : await transaction.row(
                'SELECT cycle_id FROM consensus WHERE cycle_id = ? UNION ALL SELECT cycle_id FROM decisions WHERE cycle_id = ?',
                cycleId,
                cycleId,
              );
        await transaction.run(
          `INSERT INTO submitted_signals (agent_id, request_id, symbol, signal, model, version, received_at, late_for)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (agent_id, request_id, symbol) DO NOTHING`,
          agentId,
          requestId,
          symbol,
          JSON.stringify(signal),
          model,
          version,
          transaction.now(),
          formed ? (cycleId ?? null) : null,
        );
        const row = await findSubmission(transaction, agentId, requestId, symbol);
        if (!row) throw new Error(`the signal ${requestId} was not written`);
        const submitted = toSubmitted(row);
        await transaction.emit({
          eventId: `signal/${agentId}/${requestId}/${symbol}`,
          kind: 'signal.submitted',
          ...(cycleId === undefined ? {} : { cycleId }),
          payload: submitted,
        });
        return submitted;
      }),

    async standing(since) {
      const rows = await database.rows(
        'SELECT * FROM submitted_signals WHERE received_at >= ? AND late_for IS NULL ORDER BY sequence DESC',
        since,
      );
      const newest = new Map<string, SubmittedSignal>();
      for (const submitted of rows.map(toSubmitted)) {
        const key = `${submitted.signal.agentId} ${submitted.signal.symbol}`;
        if (!newest.has(key)) newest.set(key, submitted);
      }
      return [...newest.values()];
    },
  };
}
