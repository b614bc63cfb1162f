import { setTimeout as sleep } from 'node:timers/promises';
import type { Via } from '../../contracts/audit.ts';
import { type ErrorCode, UserError } from '../../contracts/errors.ts';
import { type Decimal, decimal, sum, text, ZERO } from '../../domain/money/money.ts';
import { baseOf } from '../../domain/portfolio/position.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { TradingPort } from '../../venues/port.ts';

export interface TransferRequest {
  /** The same reference twice is one transfer. */
  reference: string;
  account: string;
  /** The account's currency, in which equity is counted. */
  currency: string;
  asset: string;
  /** Decimal text, positive for a deposit, negative for a withdrawal. */
  amount: string;
  /** What it is worth in the currency, zero or above, by whoever asks: of what came as a gift, say. The middle of the market without. */
  value?: string;
  by: string;
  via: Via;
}

export interface TransferResult {
  reference: string;
  asset: string;
  amount: string;
  value: string;
  /** False when this reference stood in the books already. */
  booked: boolean;
}

export interface TransferTools {
  ledger: Pick<Journal['ledger'], 'transfer' | 'balances' | 'positions' | 'deposits'>;
  trading: Pick<TradingPort, 'touch' | 'balances' | 'listing'>;
}

/** The paper account, for whoever may move its money. */
export interface PaperMoney {
  /** Rejects where it may not be moved from here. */
  check: () => Promise<void>;
  /** @param amount positive for a deposit, negative for a withdrawal */
  move: (amount: string) => Promise<void>;
}

/** Longer than a fill takes from the exchange into the books. */
const SETTLE_MS = 15_000;
const POLL_MS = 250;

/**
 * Books money that a person moved, or that came by itself, at its value in the account's currency, so that it counts as neither gain nor loss. What
 * has no market is worth nothing.
 */
export async function bookTransfer(
  request: TransferRequest,
  { ledger, trading }: TransferTools,
): Promise<TransferResult> {
  const { reference, account, asset, amount, currency, by, via } = request;
  const value = await valueOf(request, trading);
  const before = (await ledger.deposits(account))[asset] ?? '0';
  const symbol = `${asset}/${currency}`;
  const position = asset === currency ? {} : { symbol, untraded: trading.listing(symbol) === 'unlisted' };
  await ledger.transfer({ reference, account, asset, amount, value, ...position, at: Date.now(), by, via });
  const after = (await ledger.deposits(account))[asset] ?? '0';
  return { reference, asset, amount, value, booked: !decimal(after).equals(before) };
}

/** At the middle of the market for everything but the currency itself, if it is not said. */
export async function valueOf(
  { asset, amount, currency, value }: TransferRequest,
  trading: TransferTools['trading'],
): Promise<string> {
  const refuse = (code: ErrorCode, words: string): never => {
    throw new UserError(code, `${words} Nothing was booked.`);
  };
  if (asset === currency) {
    if (value !== undefined) refuse('TransferValue', `${amount} ${asset} are worth just that: leave --value out.`);
    return amount;
  }
  const symbol = `${asset}/${currency}`;
  if (value !== undefined) {
    if (trading.listing(symbol) === 'unlisted' && !decimal(value).isZero()) {
      refuse(
        'TransferUntraded',
        `The exchange has no market ${symbol}, and what cannot be sold counts nothing in equity: book ${asset} with --value 0.`,
      );
    }
    return text(amount.startsWith('-') ? decimal(value).negated() : decimal(value));
  }
  const { bid, ask } = await trading.touch(symbol).catch((error: unknown) => {
    throw new UserError(
      'TransferUnpriced',
      `The worth of ${amount} ${asset} in ${currency} is not known: the exchange gives no price for ${symbol} (${error instanceof Error ? error.message : String(error)}). Nothing was booked: say the worth with --value, 0 where it has no market.`,
    );
  });
  return text(decimal(bid).plus(ask).div(2).times(amount).toDecimalPlaces(8));
}

/**
 * Books a transfer and moves the same in the paper account, so that both stay equal. The books come first and hold each reference once: a
 * repetition after a crash in between finds what was booked and not moved as the difference of the two, and moves it. What has moved in the paper
 * account already, as a gift that came by itself, is booked alone. Where its money may not be moved from, nothing is booked that has to move.
 */
export async function transferInPaper(
  request: TransferRequest,
  tools: TransferTools,
  money: PaperMoney,
  settleMs: number = SETTLE_MS,
): Promise<TransferResult> {
  const amount = decimal(request.amount);
  const before = await differenceAmong([ZERO, amount, amount.negated()], request, tools, settleMs);
  if (!before.equals(amount.negated())) await money.check();
  const result = await bookTransfer(request, tools);
  // Booked long ago: this difference is of something else.
  if (!result.booked && before.equals(amount.negated())) throw notSettled(before, request);
  const open = result.booked ? before.plus(amount) : before;
  if (!open.isZero()) {
    await differenceAmong([open], request, tools, settleMs)
      .then(() => money.move(text(open)))
      .catch((error: unknown) => {
        throw cutOff(error, request);
      });
  }
  return result;
}

/** Trading halts for the difference within a minute or so, unless somebody knows what to do. */
function cutOff(error: unknown, { reference }: Pick<TransferRequest, 'reference'>): UserError {
  const code = error instanceof UserError ? error.code : 'PaperTransferOpen';
  const words = error instanceof Error ? error.message : String(error);
  return new UserError(
    code,
    `${words} It stands in the books and has not moved in the paper account: the same command with --reference ${reference} finishes it.`,
  );
}

/** Waits out fills on their way until books less paper account are one of these, and refuses when they do not come to be. */
async function differenceAmong(
  expected: readonly Decimal[],
  { account, asset }: TransferRequest,
  tools: TransferTools,
  settleMs: number,
): Promise<Decimal> {
  const until = Date.now() + settleMs;
  for (;;) {
    const difference = await bookedLessHeld(account, asset, tools);
    if (expected.some((one) => one.equals(difference))) return difference;
    if (Date.now() >= until) throw notSettled(difference, { asset });
    await sleep(POLL_MS);
  }
}

function notSettled(difference: Decimal, { asset }: Pick<TransferRequest, 'asset'>): UserError {
  return new UserError(
    'PaperTransferOpen',
    `Books and paper account differ by ${text(difference)} ${asset}, so that a transfer cannot be told from it: run an earlier transfer that was cut off again by its own reference, or wait until no order is on its way. What nobody can explain is taken over under a halt: ./sapphire reconcile.`,
  );
}

async function bookedLessHeld(account: string, asset: string, { ledger, trading }: TransferTools): Promise<Decimal> {
  // The exchange first: a fill that comes in between is missing there, never counted twice.
  const held = decimal((await trading.balances())[asset] ?? '0');
  const [balances, positions] = await Promise.all([ledger.balances(account), ledger.positions(account)]);
  const balance = balances.find((one) => one.asset === asset);
  const dust = positions.filter(({ symbol }) => baseOf(symbol) === asset).map((position) => decimal(position.dust));
  return sum([decimal(balance?.free ?? '0'), decimal(balance?.reserved ?? '0'), ...dust]).minus(held);
}
