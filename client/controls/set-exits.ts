import { UserError } from '../../contracts/errors.ts';
import { decimal, type Price, text } from '../../domain/money/money.ts';
import { isHeld } from '../../domain/portfolio/holding.ts';
import { exitSettings, type OwnExits } from '../../domain/protection/own-exits.ts';
import type { ProtectionSettings } from '../../domain/protection/protection.ts';
import { type Barriers, barriersOf, highestOf } from '../../domain/protection/protection.ts';
import type { ExitsByHand, Signed } from '../../stores/journal/books/by-hand.ts';
import type { TradingPort } from '../../venues/port.ts';
import { type HoldingTools, nothingHeld, wakeExits } from './close-position.ts';
import { askGuards } from './guards.ts';

export interface SetExitsTools extends HoldingTools {
  trading: Pick<TradingPort, 'touch'>;
  /** As configured; undefined where protection is switched off. */
  protection: ProtectionSettings | undefined;
}

export interface SetExitsReport {
  symbol: string;
  own: OwnExits;
  /** All that end the holding from now on, those that are configured among them. */
  barriers: Barriers;
  bid: Price;
  note: string;
}

/**
 * Gives a holding exits of its own, which outlive every restart. One that is at the price already is refused: it would sell at once, and nobody who
 * wants that names a price.
 *
 * @throws UserError NotHeld, ExitPrice
 */
export async function setExits(
  { account, symbol, own, ...signed }: { account: string; symbol: string; own: OwnExits } & Signed,
  { journal, temporal, trading, protection }: SetExitsTools,
): Promise<SetExitsReport> {
  const positions = await journal.ledger.positions(account);
  const position = positions.find((one) => one.symbol === symbol);
  if (!position || !isHeld(position)) throw nothingHeld(symbol, positions);
  const { openedAt, averageCost } = position;
  const { bid } = await trading.touch(symbol);
  const before = (await journal.byHand.exits(account)).find(
    (one) => one.symbol === symbol && one.openedAt === openedAt,
  );
  const seen = await highestSeen(temporal, account, symbol, openedAt);
  const highest = highestOf(averageCost, ...(seen === undefined ? [] : [seen]));
  const barriersWith = (exits: OwnExits): Barriers =>
    barriersOf(exitSettings(protection, exits) ?? {}, position, highest);
  const barriers = barriersWith({ ...before?.own, ...own });
  refuseAtPrice(own, barriers, bid, Date.now());
  const after: ExitsByHand = await journal.byHand.setExits({ account, symbol, openedAt, own, ...signed });
  const note = await wakeExits(temporal, account, symbol);
  return { symbol, own: after.own, barriers, bid, note };
}

/** Of this holding, by its exits; undefined where nobody tells. */
async function highestSeen(
  temporal: HoldingTools['temporal'],
  account: string,
  symbol: string,
  openedAt: number,
): Promise<Price | undefined> {
  const guards = await temporal()
    .then((client) => askGuards(client, account))
    .catch(() => []);
  const exits = guards.find((guard) => guard.symbol === symbol)?.exits;
  return exits?.holding?.openedAt === openedAt ? exits.highest : undefined;
}

function refuseAtPrice(
  own: OwnExits,
  { stopLoss, trailingStop, takeProfit, closesAt }: Barriers,
  bid: Price,
  now: number,
): void {
  const refuse = (what: string, level: string, than: string): never => {
    throw new UserError(
      'ExitPrice',
      `A ${what} of ${text(decimal(level).toSignificantDigits(8))} is not ${than} the best bid, ${bid}: it would sell at once. Nothing was changed.`,
      'To sell now: ./sapphire position close.',
    );
  };
  if (own.stopLoss != null && stopLoss !== undefined && decimal(stopLoss).greaterThanOrEqualTo(bid))
    refuse('stop-loss', stopLoss, 'below');
  if (own.trailingStop != null && trailingStop !== undefined && decimal(trailingStop).greaterThanOrEqualTo(bid))
    refuse('trailing stop', trailingStop, 'below');
  if (own.takeProfit != null && takeProfit !== undefined && decimal(takeProfit).lessThanOrEqualTo(bid))
    refuse('take-profit', takeProfit, 'above');
  if (own.closesAt != null && closesAt !== undefined && closesAt <= now)
    throw new UserError('ExitPrice', 'The time limit is over already. Nothing was changed.');
}
