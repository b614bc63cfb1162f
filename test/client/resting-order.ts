import { riskSchema } from '../../contracts/config/schema.ts';
import { decimal, text } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import type { OrderLeg } from '../../domain/orders/orders.ts';
import { nextSubmission, priced, type Touch } from '../../domain/orders/submissions.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { TradingPort } from '../../venues/port.ts';
import { leg, sending } from '../support/books.ts';

const riskLimits = riskSchema.parse({});

/** A buy so far below the market that it rests. */
export function restingLeg({ bid }: Touch, legId = 'sph000000000000000000000001', epoch = 0): OrderLeg {
  return leg({
    legId,
    cycleId: `cycle/main/${legId}`,
    type: 'limit',
    timeInForce: 'GTC',
    working: { style: 'once' },
    minNotional: '5',
    restMs: 60_000,
    quantity: '0.001',
    limitPrice: text(decimal(bid).times('0.9').toDecimalPlaces(2)),
    epoch,
  });
}

/** Plans the leg, passes the fence and sends its first submission, as an execution worker does. */
export async function sendLeg(journal: Journal, trading: TradingPort, order: OrderLeg): Promise<Intent> {
  const { cycleId, account } = order;
  const draft = nextSubmission(order, []);
  if (!draft) throw new Error('the leg sends nothing');
  await journal.risk.adopt(account, riskLimits);
  await journal.cycles.plan(cycleId, account, await trading.exchangeTime(), () => ({
    cycleId,
    equity: tagged('10000'),
    legs: [order],
    verdicts: [],
    allocations: [],
  }));
  const terms = priced(order, draft, undefined);
  const timestamp = await trading.exchangeTime();
  const fence = await journal.intents.openFence(order, terms, sending(timestamp));
  if (!fence.passed) throw new Error(`${fence.code}: limit ${fence.limit}, value ${fence.value}`);
  const { intentId } = fence.intent;
  const { order: placed, fills } = await trading.place(fence.order);
  const { state, venueOrderId, filledQuantity } = placed;
  return journal.intents.report({ intentId, state, venueOrderId, filledQuantity, fills });
}
