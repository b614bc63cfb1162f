import { randomUUID } from 'node:crypto';
import type { ApiRequestBook } from '../books/api-requests.ts';
import type { Database } from './database.ts';

const KEPT_MS = 7 * 86_400_000;

export function createApiRequestBook(database: Database): ApiRequestBook {
  return {
    take: ({ person, key, digest, asked: { route, body, reason, via } }) =>
      database.transaction('', {}, async (transaction) => {
        const now = transaction.now();
        await transaction.run('DELETE FROM api_requests WHERE taken_at < ?', now - KEPT_MS);
        const fresh = randomUUID();
        const added = await transaction.run(
          `INSERT INTO api_requests (person, idempotency_key, request_id, digest, taken_at) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (person, idempotency_key) DO NOTHING`,
          person,
          key,
          fresh,
          digest,
          now,
        );
        if (added > 0) {
          const payload = { requestId: fresh, route, body, by: person, reason, via };
          await transaction.emit({ eventId: `request/${fresh}`, kind: 'request.taken', payload });
          return { state: 'taken', requestId: fresh, at: now, isAgain: false };
        }
        const row = await transaction.row(
          'SELECT * FROM api_requests WHERE person = ? AND idempotency_key = ?',
          person,
          key,
        );
        if (!row) throw new Error(`the request ${key} is gone in the transaction that found it`);
        if (row['digest'] !== digest) return { state: 'other' };
        if (row['status'] === null) {
          return { state: 'taken', requestId: String(row['request_id']), at: Number(row['taken_at']), isAgain: true };
        }
        return { state: 'answered', status: Number(row['status']), answer: String(row['answer']) };
      }),
    answer: ({ person, key }, { status, answer }) =>
      database.transaction('', {}, async (transaction) => {
        await transaction.run(
          `UPDATE api_requests SET status = ?, answer = ?
           WHERE person = ? AND idempotency_key = ? AND status IS NULL`,
          status,
          answer,
          person,
          key,
        );
      }),
  };
}
