import type { Logger } from 'pino';
import type { Compensation } from '../../contracts/exits.ts';
import { text } from '../../domain/money/money.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { baseOf } from '../../domain/portfolio/position.ts';
import { netQuantity } from '../../domain/protection/exits.ts';
import { type ExitTools, exitLegIds, planNextExit } from './exits.ts';

/**
 * The n-th order that sells what a leg's fills brought in and what the compensations before it have not sold yet. Never more than is booked
 * and free. Idempotent by (leg, attempt): the order that was planned first is the one that is sent.
 */
export async function planCompensation(
  { journal, trading, logger }: ExitTools & { logger: Logger },
  leg: OrderLeg,
  attempt: number,
): Promise<Compensation> {
  const { account, cycleId, correlationId, symbol } = leg;
  const question = { account, symbol, purpose: 'compensate' as const, key: `${cycleId}/${leg.legId}`, attempt };
  const idOf = await exitLegIds(journal, question);
  const earlier = Array.from({ length: attempt - 1 }, (_, index) => idOf(index + 1));
  const fills = await Promise.all([leg.legId, ...earlier].map((id) => journal.ledger.fillsOfLeg(id)));
  const opened = netQuantity(symbol, fills.flat());

  const { exit, booked } = await planNextExit({ journal, trading }, question, () => opened);
  if ('leg' in exit) return exit;
  if ('over' in exit) return { held: '' };
  if (booked.lessThan(opened)) return { held: `${text(opened)} ${baseOf(symbol)} were sold by another order` };
  logger.warn({ correlationId, legId: leg.legId, attempt }, 'a compensation waits for another order on the symbol');
  return exit;
}
