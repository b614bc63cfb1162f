import type { OpenOrder, SweepFailure, SweepReport } from '../../contracts/control.ts';
import { plainText, withoutQueries } from '../../contracts/text.ts';
import { mayBeOpen } from '../../domain/orders/orders.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { TradingPort } from '../../venues/port.ts';
import type { Clock } from '../clock.ts';
import { settleIntent } from '../execute/settle.ts';

export interface SweepTools {
  /** Undefined where there are no books: then nobody knows whether a submission is on its way. */
  journal: Pick<Journal, 'intents'> | undefined;
  trading: TradingPort;
  clock: Pick<Clock, 'now'>;
}

const REASON_BYTES = 200;

/**
 * One look: cancels whatever the exchange holds open for the account, and takes each open submission's end into the books. What fails keeps
 * nothing else from being done and is told; never throws, may be repeated at any time. It has found nothing where each of its lists is empty.
 */
export async function sweepOrders({ journal, trading, clock }: SweepTools, account: string): Promise<SweepReport> {
  const report: SweepReport = { cancelled: [], failed: [], remaining: [], unresolved: [], trouble: [] };
  await cancelOpen(trading, report).catch((error: unknown) => {
    report.trouble.push(`the exchange's open orders cannot be read: ${reasonOf(error)}`);
  });
  const open = await openIntents(journal, account).catch((error: unknown) => {
    report.trouble.push(`the journal cannot be read: ${reasonOf(error)}`);
    return [];
  });
  for (const intent of open) {
    if (journal && (await isOpen({ journal, trading, clock }, intent, report.failed)))
      report.unresolved.push(intent.intentId);
  }
  return report;
}

export function foundNothing(report: SweepReport): boolean {
  return Object.values(report).every((list: unknown[]) => list.length === 0);
}

async function cancelOpen(trading: TradingPort, { cancelled, failed, remaining }: SweepReport): Promise<void> {
  for (const { symbol, intentId } of await trading.openOrders()) {
    const order: OpenOrder = { symbol, intentId };
    await trading.cancel(symbol, intentId).then(
      () => cancelled.push(order),
      (error: unknown) => {
        failed.push({ ...order, reason: reasonOf(error) });
        remaining.push(order);
      },
    );
  }
}

async function openIntents(journal: SweepTools['journal'], account: string): Promise<Intent[]> {
  return journal ? journal.intents.listOpen(account) : [];
}

async function isOpen(
  { journal, trading, clock }: SweepTools & { journal: Pick<Journal, 'intents'> },
  intent: Intent,
  failed: SweepFailure[],
): Promise<boolean> {
  const { symbol, intentId } = intent;
  const { state } = await settleIntent(journal, trading, intent).catch((error: unknown) => {
    if (isGone({ trading, clock }, intent)) return { state: 'void' as const };
    failed.push({ symbol, intentId, reason: reasonOf(error) });
    return intent;
  });
  return mayBeOpen(state);
}

/** Nothing rests on a symbol that the exchange does not list, and it takes no order on it. What became of this one cannot be asked any more. */
function isGone({ trading, clock }: Pick<SweepTools, 'trading' | 'clock'>, { symbol, sendBy }: Intent): boolean {
  return sendBy < clock.now() && trading.listing(symbol) === 'unlisted';
}

export function reasonOf(error: unknown): string {
  return plainText(error instanceof Error ? withoutQueries(error.message) : error, REASON_BYTES);
}
