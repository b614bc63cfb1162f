import { randomUUID } from 'node:crypto';
import type { Via } from '../../../contracts/audit.ts';
import type { Reconciliation } from '../../../contracts/control.ts';
import { UserError } from '../../../contracts/errors.ts';
import type { Journal } from '../../../stores/journal/port.ts';
import { bindBooks } from '../../../trading/control/bind-account.ts';
import type { TradingPort } from '../../../venues/port.ts';
import { bookTransfer, type TransferRequest, type TransferResult, valueOf } from '../transfers.ts';
import { type LiveTools, passChecks, startChecks, tradingChecks } from './readiness.ts';

export interface EnableRequest {
  /** The venue's name, typed by a person. */
  confirm: string;
  by: string;
  reason: string;
  via: Via;
}

export interface EnableTools extends LiveTools {
  journal(): Promise<Pick<Journal, 'bindings' | 'control' | 'outbox' | 'ledger' | 'intents'>>;
  trading(): Promise<TradingPort>;
  reconcile(account: string): Promise<Reconciliation>;
}

export interface EnableReport {
  account: string;
  venue: string;
  enabled: true;
  checks: { check: string; detail: string }[];
  /** Balances that were taken over into empty books. */
  opening: TransferResult[];
}

/** Lets opening orders pass in live mode, after everything was looked at again. Each condition that does not hold refuses with its remedy. */
export async function enableLive(
  { confirm, by, reason, via }: EnableRequest,
  tools: EnableTools,
): Promise<EnableReport> {
  const { account, currency, venue } = tools.configuration;
  const checks = await passChecks([...startChecks(tools), ...tradingChecks(tools)]);
  if (confirm !== venue) {
    throw new UserError(
      'LiveNotConfirmed',
      `Trading with real money must be confirmed by the name of the venue, and "${confirm}" is not it: ./sapphire live enable --confirm ${venue}.`,
    );
  }
  const journal = await tools.journal();
  const trading = await tools.trading();
  // Before balances are booked that would be another's.
  await bindBooks({ journal, trading, configuration: tools.configuration }, 'live enable');
  const opening = await takeOver({ account, currency, by, via }, journal, trading);
  const { clean, differences } = await tools.reconcile(account);
  if (!clean) {
    throw new UserError(
      'LiveNotReconciled',
      `Books and exchange differ: ${differences.join('; ')}. Book what was paid in or out with "./sapphire portfolio deposit|withdraw", cancel orders that are not ours at the exchange, and enable again.`,
    );
  }
  await journal.control.setLive({ requestId: randomUUID(), account, enabled: true, reason, by, via });
  return {
    account,
    venue,
    enabled: true,
    checks: [...checks, { check: 'reconciliation', detail: 'books and exchange agree' }],
    opening,
  };
}

/**
 * Books what the account holds at the venue, once, as long as no order was ever made. Each asset has its own reference, so that a take-over
 * that was cut off is finished by the next.
 */
export async function takeOver(
  { account, currency, by, via }: Pick<TransferRequest, 'account' | 'currency' | 'by' | 'via'>,
  { ledger, intents }: Pick<Journal, 'ledger' | 'intents'>,
  trading: TradingPort,
): Promise<TransferResult[]> {
  if ((await intents.list(account, 1)).length > 0) return [];
  const known = await ledger.deposits(account);
  const requests = Object.entries(await trading.balances())
    .filter(([asset]) => known[asset] === undefined)
    .map(([asset, amount]) => ({
      reference: `live-opening/${account}/${asset}`,
      account,
      currency,
      asset,
      amount,
      by,
      via,
    }));
  // All are priced before the first is booked: what has no price is refused as a whole.
  for (const request of requests) await valueOf(request, trading);
  const taken: TransferResult[] = [];
  for (const request of requests) taken.push(await bookTransfer(request, { ledger, trading }));
  return taken;
}
