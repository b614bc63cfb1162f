import { z } from 'zod';
import { decimal } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { isTerminal } from '../../domain/orders/orders.ts';
import { legsFilledOnce } from './checks-orders.ts';
import type { Evidence } from './evidence.ts';
import type { ChaosStack } from './stack.ts';

/** One post of an order in five has no answer, and of these every other one was not executed: as the exchange's `/admin/faults` takes it. */
export const lostAnswers = { kind: 'drop-either', method: 'POST', path: '/api/v3/order', every: 5 } as const;

const faultsSchema = z.array(z.looseObject({ kind: z.string(), met: z.number(), struck: z.number() }));

/** Posts of orders, and those without an answer. */
export interface Struck {
  met: number;
  struck: number;
}

export interface DenseReport {
  posts: number;
  answersLost: number;
  /** Of them, those of which the order had not reached the book. */
  notExecuted: number;
  /** Orders at the exchange that the books do not know, or not with this end and these fills, and trades that are not booked. */
  lost: number;
  /** Orders that reached the exchange more than once, and legs of which more was filled than planned. */
  doubled: number;
}

export async function struckBy(stack: Pick<ChaosStack, 'admin'>, kind: string): Promise<Struck> {
  const fault = faultsSchema.parse(await stack.admin('GET', '/faults')).find((each) => each.kind === kind);
  if (!fault) throw new Error(`the exchange has no fault ${kind} any more`);
  return fault;
}

export function denseReport({ met, struck }: Struck, evidence: Evidence): DenseReport {
  const { venue, intents, fills } = evidence;
  const known = new Map(intents.map((intent) => [intent.intentId, intent]));
  const ids = venue.orders.map(({ clientOrderId }) => clientOrderId);
  const isLost = ({ clientOrderId, executedQty }: (typeof venue.orders)[number]): boolean => {
    const intent = known.get(tagged(clientOrderId));
    return !intent || !isTerminal(intent.state) || !decimal(intent.filledQuantity).equals(executedQty);
  };
  const booked = new Set(fills.map(({ symbol, tradeId }) => `${symbol.replace('/', '')}/${tradeId}`));
  return {
    posts: met,
    answersLost: struck,
    notExecuted: Math.ceil(struck / 2),
    lost:
      venue.orders.filter(isLost).length +
      venue.trades.filter(({ symbol, id }) => !booked.has(`${symbol}/${id}`)).length,
    doubled: ids.length - new Set(ids).size + legsFilledOnce(evidence).length,
  };
}
