import { mayBeOpen, orderStates } from '../../../domain/orders/orders.ts';

/** Of submissions that may rest at the exchange, as far as is known: for `state IN …`. */
export const OPEN_STATES = `(${orderStates
  .filter(mayBeOpen)
  .map((state) => `'${state}'`)
  .join(', ')})`;
