import { UserError } from '../../../contracts/errors.ts';
import { decimal, decimalPattern } from '../../../domain/money/money.ts';
import type { Transaction } from './database.ts';

/** False when the request was carried out before. */
export async function isNewRequest(
  transaction: Transaction,
  requestId: string,
  account: string,
  kind: string,
): Promise<boolean> {
  const inserted = await transaction.run(
    'INSERT INTO requests (request_id, account, kind, at) VALUES (?, ?, ?, ?) ON CONFLICT (request_id) DO NOTHING',
    requestId,
    account,
    kind,
    transaction.now(),
  );
  return inserted > 0;
}

/**
 * Of a request that was carried out before: what of it is asked for otherwise now. One name is for one thing, and who takes it for another must not hear
 * that all is done.
 *
 * @param asked of the event's payload, what must be as it was; amounts by their value
 * @throws {UserError} `ReferenceTaken` with both
 */
export async function refuseOtherRequest(
  transaction: Transaction,
  eventId: string,
  reference: string,
  asked: Readonly<Record<string, string>>,
): Promise<void> {
  const row = await transaction.row('SELECT payload FROM audit_trail WHERE event_id = ?', eventId);
  // Books of the first releases kept no trail.
  if (!row) return;
  const stands = JSON.parse(String(row['payload'])) as Readonly<Record<string, string>>;
  const isSame = (field: string, value: string): boolean => {
    const other = String(stands[field]);
    if (!decimalPattern.test(value) || !decimalPattern.test(other)) return value === other;
    return decimal(value).equals(other);
  };
  if (Object.entries(asked).every(([field, value]) => isSame(field, value))) return;
  const words = (of: Readonly<Record<string, string>>): string =>
    Object.keys(asked)
      .map((field) => `${field} ${of[field]}`)
      .join(', ');
  throw new UserError(
    'ReferenceTaken',
    `${reference} stands in the books already, for ${words(stands)}, and ${words(asked)} was asked for: nothing was booked. Give what is another a reference of its own.`,
  );
}
