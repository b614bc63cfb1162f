import { randomUUID } from 'node:crypto';
import { via } from '../../../contracts/audit.ts';
import { stopReason } from '../../../contracts/control.ts';
import { refusalText } from '../../../contracts/refusals.ts';
import { plainText } from '../../../contracts/text.ts';
import { firstOfNextLife } from '../../../domain/orders/lives.ts';
import type { Restriction } from '../../../domain/portfolio/portfolio.ts';
import type { ControlBook, ControlState, HaltRequest, StartsAllowed, TradingState } from '../books/control.ts';
import type { Database, Sql, Transaction } from './database.ts';
import { readMarks, restGuard } from './marks.ts';
import { isNewRequest } from './requests.ts';

export async function readControl(sql: Sql, account: string): Promise<ControlState> {
  const row = await sql.row('SELECT * FROM control WHERE account = ?', account);
  if (!row) return neverChanged;
  return {
    tradingState: String(row['trading_state']) as TradingState,
    epoch: Number(row['epoch']),
    reason: String(row['reason']),
    changedBy: String(row['changed_by']),
    changedAt: Number(row['changed_at']),
    liveEnabled: row['live_enabled'] === 1,
  };
}

const neverChanged: ControlState = {
  tradingState: 'active',
  epoch: 0,
  reason: 'never halted',
  changedBy: 'sapphire',
  changedAt: 0,
  liveEnabled: false,
};

async function writeControl(transaction: Transaction, account: string, state: ControlState): Promise<void> {
  await transaction.run(
    `INSERT INTO control (account, trading_state, epoch, reason, changed_by, changed_at, live_enabled) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (account) DO UPDATE SET trading_state = excluded.trading_state, epoch = excluded.epoch, reason = excluded.reason,
       changed_by = excluded.changed_by, changed_at = excluded.changed_at, live_enabled = excluded.live_enabled`,
    account,
    state.tradingState,
    state.epoch,
    state.reason,
    state.changedBy,
    state.changedAt,
    state.liveEnabled ? 1 : 0,
  );
}

const STARTS_ALLOWED = 'starts.allowed';
const REQUEST_ID_BYTES = 200;
const SENT_ID_BYTES = 150;
const NAME_BYTES = 100;

const raised = { kind: 'trading.halted', epochAfter: (epoch: number) => epoch + 1 };

async function raiseHalt(
  transaction: Transaction,
  request: HaltRequest,
  told: { kind: string; epochAfter(epoch: number): number } = raised,
): Promise<ControlState> {
  const { account, via: door = '' } = request;
  const requestId = plainText(request.requestId, REQUEST_ID_BYTES) || randomUUID();
  const before = await readControl(transaction, account);
  if (request.unlessHalted === true && before.tradingState === 'halted') return before;
  if (!(await isNewRequest(transaction, requestId, account, 'halt'))) return before;
  const after: ControlState = {
    ...before,
    tradingState: 'halted',
    epoch: told.epochAfter(before.epoch),
    reason: stopReason(request.reason),
    changedBy: plainText(request.by, NAME_BYTES) || 'unknown',
    changedAt: transaction.now(),
  };
  await writeControl(transaction, account, after);
  await transaction.emit({
    eventId: `halt/${requestId}`,
    kind: told.kind,
    payload: { account, requestId, via: door, before, after },
  });
  if (request.flatten === true) {
    const { reason, changedBy: by, epoch } = after;
    await transaction.emit({
      eventId: `flatten/${requestId}`,
      kind: 'flatten.ordered',
      payload: { account, requestId, epoch, by, via: door, reason },
    });
  }
  return after;
}

/**
 * Halts under an epoch of a life of its own, so that nothing passes any more that was decided before, and no id is given twice.
 *
 * @param beyond the epoch of other books whose lives are over, too
 */
export function raiseNewLife(
  transaction: Transaction,
  request: HaltRequest,
  kind: 'data.restored' | 'trading.halted',
  beyond = 0,
): Promise<ControlState> {
  const epochAfter = (epoch: number) => firstOfNextLife(Math.max(epoch, beyond));
  return raiseHalt(transaction, request, { kind, epochAfter });
}

/** Ids with a slash are ours: of a sender they stand apart, so that nobody uses up the id of a halt that is still to come. */
async function raiseSent(transaction: Transaction, request: HaltRequest): Promise<void> {
  const { tradingState, epoch } = await readControl(transaction, request.account);
  const isHalted = tradingState === 'halted';
  const given = plainText(request.requestId, SENT_ID_BYTES);
  for (const requestId of [request.requestId, `sent/${given}`, `sent/${given}/${epoch}`]) {
    const isOurs = requestId === request.requestId && requestId.includes('/');
    if (await isKnownRequest(transaction, requestId)) {
      if (isHalted) return;
    } else if (!isOurs) {
      await raiseHalt(transaction, { ...request, requestId });
      return;
    }
  }
}

async function isKnownRequest(transaction: Transaction, requestId: string): Promise<boolean> {
  return (await transaction.row('SELECT request_id FROM requests WHERE request_id = ?', requestId)) !== undefined;
}

/** Whether this halt was raised by that part of Sapphire itself: its name alone is anybody's. */
async function isRaisedBy(
  transaction: Transaction,
  account: string,
  control: ControlState,
  part: string,
): Promise<boolean> {
  if (control.changedBy !== part) return false;
  const row = await transaction.row(
    "SELECT payload FROM audit_trail WHERE kind = 'trading.halted' ORDER BY place DESC LIMIT 1",
  );
  const told = JSON.parse(String(row?.['payload'] ?? '{}')) as { account?: string; via?: string; after?: ControlState };
  // Entries of earlier releases say nothing of the door.
  const isByPart = told.via === undefined || told.via === `system:${part}`;
  return isByPart && told.account === account && told.after?.epoch === control.epoch;
}

/** Whether the last that was said of this account's selling is that it is to be. */
async function isSellingOrdered(transaction: Transaction, account: string): Promise<boolean> {
  const rows = await transaction.rows(
    "SELECT kind, payload FROM audit_trail WHERE kind IN ('flatten.ordered', 'trading.resumed', 'trading.activated') ORDER BY place DESC LIMIT 50",
  );
  const newest = rows.find((row) => (JSON.parse(String(row['payload'])) as { account?: string }).account === account);
  return newest?.['kind'] === 'flatten.ordered';
}

const byRisk = via.system('risk');

/** A step of the loss limits. What is halted already stays so: only a person resumes it. */
export async function restrict(
  transaction: Transaction,
  account: string,
  requestId: string,
  { to, ...refusal }: Restriction,
): Promise<void> {
  const reason = refusalText(refusal);
  if (to === 'halted') {
    await raiseHalt(transaction, { requestId, account, reason, by: 'risk', via: byRisk });
    return;
  }
  const before = await readControl(transaction, account);
  if (before.tradingState === 'halted' || before.tradingState === to) return;
  const after: ControlState = { ...before, tradingState: to, reason, changedBy: 'risk', changedAt: transaction.now() };
  await writeControl(transaction, account, after);
  if (refusal.guardPeak !== undefined) await restGuard(transaction, account, refusal.guardPeak);
  const kind = to === 'reducing' ? 'trading.reducing' : 'trading.activated';
  await transaction.emit({
    eventId: requestId,
    kind,
    payload: { account, ...refusal, via: byRisk, before, after },
  });
}

export function createControlBook(database: Database): ControlBook {
  return {
    read: (account) => readControl(database, account),

    raiseHalt: (request) =>
      database.transaction(request.account, { control: 'write' }, (transaction) => raiseHalt(transaction, request)),

    raiseHalts: (account, stops) =>
      database.transaction(account, { control: 'write' }, async (transaction) => {
        for (const stop of stops) await raiseSent(transaction, { account, ...stop });
        return readControl(transaction, account);
      }),

    raiseRestored: ({ beyond, ...request }) =>
      database.transaction(request.account, { control: 'write' }, (transaction) =>
        raiseNewLife(transaction, request, 'data.restored', beyond),
      ),

    resume: ({ account, expectedEpoch, reason, by, via: door = '', onlyOver }) =>
      database.transaction(account, { control: 'write' }, async (transaction) => {
        const before = await readControl(transaction, account);
        if (before.epoch !== expectedEpoch || before.tradingState !== 'halted') return undefined;
        if (onlyOver !== undefined && !(await isRaisedBy(transaction, account, before, onlyOver))) return undefined;
        // A new epoch: what was decided before the stop stays refused.
        const after: ControlState = {
          ...before,
          tradingState: 'active',
          epoch: before.epoch + 1,
          reason,
          changedBy: by,
          changedAt: transaction.now(),
        };
        await writeControl(transaction, account, after);
        // A loss that a person has looked at must not halt again at the next cycle. What software resumes nobody has looked at.
        const marksReset = onlyOver === undefined && (await isRaisedBy(transaction, account, before, 'risk'));
        if (marksReset)
          await transaction.run(
            'UPDATE equity_marks SET day_open = equity, high_water = equity, guard_peak = NULL WHERE account = ?',
            account,
          );
        await transaction.emit({
          eventId: `resume/${account}/${after.epoch}`,
          kind: 'trading.resumed',
          payload: { account, via: door, before, after, marksReset },
        });
        return after;
      }),

    endReducing: ({ account, expectedEpoch, reason, by, via: door }) =>
      database.transaction(account, { control: 'write' }, async (transaction) => {
        const before = await readControl(transaction, account);
        if (before.epoch !== expectedEpoch || before.tradingState !== 'reducing') return undefined;
        const changedAt = transaction.now();
        // The epoch stays: what was decided meanwhile reduces, and may go on.
        const after: ControlState = { ...before, tradingState: 'active', reason, changedBy: by, changedAt };
        await writeControl(transaction, account, after);
        const marks = await readMarks(transaction, account);
        if (marks) await restGuard(transaction, account, marks.equity);
        await transaction.emit({
          eventId: `resume/${account}/${after.epoch}/${changedAt}`,
          kind: 'trading.resumed',
          payload: { account, via: door, before, after, marksReset: false, guardPeak: marks?.equity },
        });
        return after;
      }),

    noteSelling: ({ account, epoch, via: door }) =>
      database.transaction(account, { control: 'write' }, async (transaction) => {
        if (await isSellingOrdered(transaction, account)) return;
        await transaction.emit({
          eventId: `flatten/by-hand/${account}/${epoch}/${transaction.now()}`,
          kind: 'flatten.ordered',
          payload: { account, epoch, by: 'unknown', via: door, reason: 'started by hand' },
        });
      }),

    allowStarts: ({ requestId, account, ...allowed }) =>
      database.transaction(account, { control: 'write' }, async (transaction) => {
        if (!(await isNewRequest(transaction, requestId, account, 'allow-starts'))) return;
        await transaction.emit({
          eventId: `starts/${requestId}`,
          kind: STARTS_ALLOWED,
          payload: { account, ...allowed, via: allowed.via ?? '' },
        });
      }),

    /** By the audit trail alone: what nobody has signed is not allowed. */
    async startsAllowedAt(account, at) {
      const rows = await database.rows(
        'SELECT payload FROM audit_trail WHERE kind = ? ORDER BY place DESC LIMIT 50',
        STARTS_ALLOWED,
      );
      return rows
        .map((row) => JSON.parse(String(row['payload'])) as StartsAllowed & { account: string })
        .some((allowed) => allowed.account === account && allowed.from <= at && at <= allowed.until);
    },

    setLive: ({ requestId, account, enabled, reason, by, via: door = '' }) =>
      database.transaction(account, { control: 'write' }, async (transaction) => {
        if (!(await isNewRequest(transaction, requestId, account, 'live'))) return;
        const before = await readControl(transaction, account);
        await writeControl(transaction, account, { ...before, liveEnabled: enabled });
        await transaction.emit({
          eventId: `live/${requestId}`,
          kind: enabled ? 'live.enabled' : 'live.disabled',
          payload: { account, reason, by, via: door, before: before.liveEnabled, after: enabled },
        });
      }),
  };
}
