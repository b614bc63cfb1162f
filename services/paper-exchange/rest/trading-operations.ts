import { randomBytes } from 'node:crypto';
import type { Instrument } from '../../../venues/simulated/engine/instrument.ts';
import { isStop } from '../../../venues/simulated/engine/triggers.ts';
import type { Order, PlaceCommand, RejectReason } from '../../../venues/simulated/engine/types.ts';
import type { Account } from '../accounts.ts';
import type { Unstamped } from '../exchange.ts';
import { ApiError, refuse } from './errors.ts';
import { checkNotional, checkPriceRange, priceTicks, quantitySteps } from './filters.ts';
import { type Call, operation, type Services } from './operation.ts';
import { type Query, schemas } from './parameters.ts';
import { instrumentOf } from './public-operations.ts';
import { cancelledShape, placedShape } from './shapes.ts';

export const tradingOperations = [
  operation({
    method: 'POST',
    path: '/order',
    socketMethod: 'order.place',
    security: 'signed',
    weight: () => 1,
    placesOrder: true,
    parameters: schemas.newOrder,
    handle: (call) => place(call, call.query),
  }),
  operation({
    method: 'POST',
    path: '/order/test',
    socketMethod: 'order.test',
    security: 'signed',
    weight: () => 1,
    parameters: schemas.testOrder,
    handle: ({ query, services, account }) => {
      placeCommand(services, accountOf(account), query);
      return {};
    },
  }),
  operation({
    method: 'DELETE',
    path: '/order',
    socketMethod: 'order.cancel',
    security: 'signed',
    weight: () => 1,
    parameters: schemas.cancelOrder,
    handle: (call) => cancel(call, call.query),
  }),
  operation({
    method: 'DELETE',
    path: '/openOrders',
    socketMethod: 'openOrders.cancelAll',
    security: 'signed',
    weight: () => 1,
    parameters: schemas.symbol,
    handle: cancelAll,
  }),
  operation({
    method: 'POST',
    path: '/order/cancelReplace',
    socketMethod: 'order.cancelReplace',
    security: 'signed',
    weight: () => 1,
    placesOrder: true,
    parameters: schemas.cancelReplace,
    handle: cancelReplace,
  }),
];

export function accountOf(account: Account | undefined): Account {
  if (!account) throw refuse.key();
  return account;
}

async function place({ services, account, check }: Call, order: Query<'newOrder'>): Promise<unknown> {
  const command = placeCommand(services, accountOf(account), order);
  const instrument = services.exchange.simulation.engine.instrument(command.instrument);
  // What rests at the exchange alone can be lost there: anything else is over when it is answered.
  const fate = order.timeInForce === 'GTC' ? services.faults.strikeOrder(accountOf(account).name) : undefined;
  const standard = command.type === 'MARKET' || command.type === 'LIMIT' ? 'FULL' : 'ACK';
  return services.exchange.submit(
    { ...command, fate },
    ({ result, events, at }) => {
      if ('rejected' in result) throw rejections[result.rejected]();
      if (!('order' in result)) throw refuse.unknown();
      const placed: Order = fate ? { ...result.order, status: 'NEW' } : result.order;
      const fills = events.fills.filter(({ orderId }) => orderId === placed.id);
      return placedShape(instrument, placed, fills, order.newOrderRespType ?? standard, at);
    },
    check,
  );
}

async function cancel(call: Call, query: Query<'cancelOrder'>): Promise<unknown> {
  const { services, check } = call;
  const account = accountOf(call.account);
  const instrument = instrumentOf(services, query.symbol);
  const clientId = query.newClientOrderId ?? makeClientId();
  // The look-up is part of the command's moment: an order found earlier might have been filled since.
  await services.exchange.settled();
  const order = findOpen(services, account, instrument, query);
  if (!order) throw refuse.unknownOrder();
  const restriction = query.cancelRestrictions;
  if (
    (restriction === 'ONLY_NEW' && order.status !== 'NEW') ||
    (restriction === 'ONLY_PARTIALLY_FILLED' && order.status !== 'PARTIALLY_FILLED')
  ) {
    throw new ApiError(-2011, 'Order was not canceled due to cancel restrictions.');
  }
  return services.exchange.submit(
    { kind: 'cancel', account: account.id, instrument: instrument.index, orderId: order.id, clientId },
    ({ result, at }) => {
      if (!('order' in result)) throw refuse.unknownOrder();
      return cancelledShape(instrument, result.order, clientId, at);
    },
    check,
  );
}

async function cancelAll(call: Call<Query<'symbol'>>): Promise<unknown> {
  const { services, query, check } = call;
  const account = accountOf(call.account);
  const instrument = instrumentOf(services, query.symbol);
  await services.exchange.settled();
  const open = services.exchange.simulation.engine.open.of(account.id, instrument.index);
  if (open.length === 0) throw refuse.unknownOrder();
  const clientId = makeClientId();
  const cancelled = await Promise.all(
    open.map((order) =>
      services.exchange.submit(
        { kind: 'cancel', account: account.id, instrument: instrument.index, orderId: order.id, clientId },
        ({ result, at }) => ('order' in result ? cancelledShape(instrument, result.order, clientId, at) : undefined),
        check,
      ),
    ),
  );
  return cancelled.filter((shape) => shape !== undefined);
}

async function cancelReplace(call: Call<Query<'cancelReplace'>>): Promise<unknown> {
  const { query } = call;
  placeCommand(call.services, accountOf(call.account), query);
  const cancelResult = await attempt(() =>
    cancel(call, {
      symbol: query.symbol,
      orderId: query.cancelOrderId,
      origClientOrderId: query.cancelOrigClientOrderId,
      newClientOrderId: query.cancelNewClientOrderId,
      cancelRestrictions: query.cancelRestrictions,
    }),
  );
  if (!cancelResult.success && query.cancelReplaceMode === 'STOP_ON_FAILURE') {
    throw new ApiError(-2022, 'Order cancel-replace failed.', 400, {
      data: {
        cancelResult: 'FAILURE',
        newOrderResult: 'NOT_ATTEMPTED',
        cancelResponse: cancelResult.response,
        newOrderResponse: null,
      },
    });
  }
  const orderResult = await attempt(() => place(call, query));
  const data = {
    cancelResult: cancelResult.success ? 'SUCCESS' : 'FAILURE',
    newOrderResult: orderResult.success ? 'SUCCESS' : 'FAILURE',
    cancelResponse: cancelResult.response,
    newOrderResponse: orderResult.response,
  };
  if (cancelResult.success && orderResult.success) return data;
  if (!cancelResult.success && !orderResult.success) {
    throw new ApiError(-2022, 'Order cancel-replace failed.', 400, { data });
  }
  throw new ApiError(-2021, 'Order cancel-replace partially failed.', 409, { data });
}

async function attempt(work: () => Promise<unknown>): Promise<{ success: boolean; response: unknown }> {
  try {
    return { success: true, response: await work() };
  } catch (error) {
    if (error instanceof ApiError) return { success: false, response: error.body() };
    throw error;
  }
}

/** Checks parameters and filters; what remains is for the engine to decide. */
function placeCommand(services: Services, account: Account, order: Query<'newOrder'>): Unstamped<PlaceCommand> {
  const instrument = instrumentOf(services, order.symbol);
  const book = services.exchange.simulation.engine.book(instrument.index);
  checkCombination(order);
  const price = order.price === undefined ? 0 : priceTicks(instrument, order.price);
  const stopPrice = order.stopPrice === undefined ? 0 : priceTicks(instrument, order.stopPrice);
  const quantity = order.quantity === undefined ? 0 : quantitySteps(instrument, order.quantity);
  if (price > 0) checkPriceRange(book, price);
  if (quantity > 0) checkNotional(instrument, price > 0 ? price : book.lastPrice, quantity);
  if (order.quoteOrderQty !== undefined && order.quoteOrderQty < instrument.minNotionalUnits) {
    throw refuse.filter('NOTIONAL');
  }
  return {
    kind: 'place',
    account: account.id,
    instrument: instrument.index,
    side: order.side,
    type: order.type,
    timeInForce: order.timeInForce ?? 'GTC',
    price,
    quantity,
    quoteQuantity: order.quoteOrderQty ?? 0n,
    stopPrice,
    clientId: order.newClientOrderId ?? '',
    prevention: order.selfTradePreventionMode ?? 'EXPIRE_MAKER',
  };
}

/** Each type needs its own parameters and refuses the others. */
function checkCombination(order: Query<'newOrder'>): void {
  if (order.type === 'MARKET') {
    if (order.price !== undefined) throw refuse.notRequired('price');
    if (order.timeInForce !== undefined) throw refuse.notRequired('timeInForce');
    if (order.quantity === undefined && order.quoteOrderQty === undefined) {
      throw refuse.eitherMandatory('quantity', 'quoteOrderQty');
    }
    if (order.quantity !== undefined && order.quoteOrderQty !== undefined) throw refuse.notRequired('quoteOrderQty');
  } else {
    if (order.type === 'LIMIT_MAKER') {
      if (order.timeInForce !== undefined) throw refuse.notRequired('timeInForce');
    } else if (order.timeInForce === undefined) {
      throw refuse.mandatory('timeInForce');
    }
    if (order.quantity === undefined) throw refuse.mandatory('quantity');
    if (order.price === undefined) throw refuse.mandatory('price');
    if (order.quoteOrderQty !== undefined) throw refuse.notRequired('quoteOrderQty');
  }
  if (isStop(order.type) && order.stopPrice === undefined) throw refuse.mandatory('stopPrice');
  if (!isStop(order.type) && order.stopPrice !== undefined) throw refuse.notRequired('stopPrice');
}

export function findOpen(
  services: Services,
  account: Account,
  instrument: Instrument,
  query: Query<'oneOrder'>,
): Order | undefined {
  const { open } = services.exchange.simulation.engine;
  if (query.orderId === undefined && query.origClientOrderId === undefined) {
    throw refuse.eitherMandatory('origClientOrderId', 'orderId');
  }
  const order =
    query.orderId === undefined
      ? open.find(account.id, instrument.index, query.origClientOrderId ?? '')
      : open.byId.get(query.orderId);
  if (!order || order.account !== account.id || order.instrument !== instrument.index) return undefined;
  if (query.origClientOrderId !== undefined && order.clientId !== query.origClientOrderId) return undefined;
  return order;
}

const rejections: Record<RejectReason, () => ApiError> = {
  'insufficient-balance': () => refuse.rejected('Account has insufficient balance for requested action.'),
  'would-match-immediately': () => refuse.rejected('Order would immediately match and take.'),
  'would-trigger-immediately': () => refuse.rejected('Order would trigger immediately.'),
  'duplicate-client-id': () => refuse.rejected('Duplicate order sent.'),
  'market-closed': () => refuse.rejected('Market is closed.'),
  'no-liquidity': () => refuse.rejected('Order book liquidity is less than symbol minimum quantity.'),
  'too-many-orders': () => refuse.filter('MAX_NUM_ORDERS'),
  'unknown-order': () => refuse.unknownOrder(),
};

function makeClientId(): string {
  return randomBytes(11).toString('hex');
}
