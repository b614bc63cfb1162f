import { BNB_FEE_UNITS, FEE_ASSET, feeMarketOf } from '../../../venues/simulated/engine/fees.ts';
import { priceText, quantityText } from '../../../venues/simulated/engine/instrument.ts';
import { formatUnits } from '../../../venues/simulated/engine/units.ts';
import { uidOf } from '../persistence/identity.ts';
import { ApiError, refuse } from './errors.ts';
import { type Call, operation } from './operation.ts';
import { type Query, schemas } from './parameters.ts';
import { instrumentOf, rateLimitShapes } from './public-operations.ts';
import { myTradeShape, orderShape, storedOrderShape } from './shapes.ts';
import { accountOf, findOpen } from './trading-operations.ts';

const DAY_MS = 86_400_000;

export const accountOperations = [
  operation({
    method: 'GET',
    path: '/account',
    socketMethod: 'account.status',
    security: 'signed',
    weight: () => 20,
    parameters: schemas.account,
    handle: account,
  }),
  operation({
    method: 'GET',
    path: '/order',
    socketMethod: 'order.status',
    security: 'signed',
    weight: () => 4,
    parameters: schemas.oneOrder,
    handle: oneOrder,
  }),
  operation({
    method: 'GET',
    path: '/openOrders',
    socketMethod: 'openOrders.status',
    security: 'signed',
    weight: (raw) => (raw['symbol'] === undefined ? 80 : 6),
    parameters: schemas.openOrders,
    handle: async (call) => {
      const { symbol } = call.query;
      const { engine } = call.services.exchange.simulation;
      const index = symbol === undefined ? undefined : instrumentOf(call.services, symbol).index;
      await call.services.exchange.settled();
      return engine.open
        .of(accountOf(call.account).id, index)
        .map((order) => orderShape(engine.instrument(order.instrument), order));
    },
  }),
  operation({
    method: 'GET',
    path: '/allOrders',
    socketMethod: 'allOrders',
    security: 'signed',
    weight: () => 20,
    parameters: schemas.allOrders,
    handle: async (call) => {
      const { query } = call;
      const instrument = instrumentOf(call.services, query.symbol);
      checkSpan(query.startTime, query.endTime);
      await call.services.exchange.settled();
      return call.services.exchange.store
        .orders(accountOf(call.account).id, instrument.index, {
          fromId: query.orderId,
          startAt: query.startTime,
          endAt: query.endTime,
          limit: query.limit,
        })
        .map((row) => storedOrderShape(instrument, row));
    },
  }),
  operation({
    method: 'GET',
    path: '/myTrades',
    socketMethod: 'myTrades',
    security: 'signed',
    weight: (raw) => (raw['orderId'] === undefined ? 20 : 5),
    parameters: schemas.myTrades,
    handle: async (call) => {
      const { query } = call;
      const instrument = instrumentOf(call.services, query.symbol);
      checkSpan(query.startTime, query.endTime);
      await call.services.exchange.settled();
      return call.services.exchange.store
        .fills(accountOf(call.account).id, instrument.index, {
          orderId: query.orderId,
          fromId: query.fromId,
          startAt: query.startTime,
          endAt: query.endTime,
          limit: query.limit,
        })
        .map((fill) => myTradeShape(instrument, fill));
    },
  }),
  operation({
    method: 'GET',
    path: '/myPreventedMatches',
    socketMethod: 'myPreventedMatches',
    security: 'signed',
    weight: () => 20,
    parameters: schemas.prevented,
    handle: async (call) => {
      const { query } = call;
      const instrument = instrumentOf(call.services, query.symbol);
      await call.services.exchange.settled();
      return call.services.exchange.store
        .prevented(accountOf(call.account).id, instrument.index)
        .filter(
          ({ id, takerOrderId, makerOrderId }) =>
            id >= (query.fromPreventedMatchId ?? 0) &&
            (query.preventedMatchId === undefined || id === query.preventedMatchId) &&
            (query.orderId === undefined || takerOrderId === query.orderId || makerOrderId === query.orderId),
        )
        .slice(0, query.limit)
        .map((match) => ({
          symbol: instrument.id,
          preventedMatchId: match.id,
          takerOrderId: match.takerOrderId,
          makerSymbol: instrument.id,
          makerOrderId: match.makerOrderId,
          tradeGroupId: -1,
          selfTradePreventionMode: match.mode,
          price: priceText(instrument, match.price),
          ...(match.takerQuantity > 0 ? { takerPreventedQuantity: quantityText(instrument, match.takerQuantity) } : {}),
          ...(match.makerQuantity > 0 ? { makerPreventedQuantity: quantityText(instrument, match.makerQuantity) } : {}),
          transactTime: match.at,
        }));
    },
  }),
  operation({
    method: 'GET',
    path: '/rateLimit/order',
    socketMethod: 'account.rateLimits.orders',
    security: 'signed',
    weight: () => 40,
    parameters: schemas.none,
    handle: ({ services, account: owner }) => {
      const counts = services.limits.orderCounts(accountOf(owner).id, services.exchange.now());
      return rateLimitShapes(services)
        .filter(({ rateLimitType }) => rateLimitType === 'ORDERS')
        .map((shape) => ({ ...shape, count: counts.tenSeconds }));
    },
  }),
  operation({
    method: 'GET',
    path: '/account/commission',
    socketMethod: 'account.commission',
    security: 'signed',
    weight: () => 20,
    parameters: schemas.symbol,
    handle: ({ query, services }) => {
      const instrument = instrumentOf(services, query.symbol);
      const { engine } = services.exchange.simulation;
      const none = { maker: '0.00000000', taker: '0.00000000', buyer: '0.00000000', seller: '0.00000000' };
      return {
        symbol: instrument.id,
        standardCommission: {
          ...none,
          maker: formatUnits(services.fees.maker),
          taker: formatUnits(services.fees.taker),
        },
        specialCommission: none,
        taxCommission: none,
        discount: {
          enabledForAccount: engine.options.payFeesInBnb,
          enabledForSymbol: feeMarketOf(engine, instrument.quote) !== undefined,
          discountAsset: FEE_ASSET,
          // What is left of the standard commission.
          discount: formatUnits(BNB_FEE_UNITS),
        },
      };
    },
  }),
  operation({
    method: 'POST',
    path: '/userDataStream',
    socketMethod: 'userDataStream.start',
    security: 'key',
    weight: () => 2,
    parameters: schemas.none,
    handle: ({ services, account: owner }) => ({ listenKey: services.listenKeys.open(accountOf(owner).id) }),
  }),
  operation({
    method: 'PUT',
    path: '/userDataStream',
    socketMethod: 'userDataStream.ping',
    security: 'key',
    weight: () => 2,
    parameters: schemas.listenKey,
    handle: ({ query: { listenKey }, services, account: owner }) => {
      if (!services.listenKeys.keepAlive(accountOf(owner).id, listenKey)) throw refuse.listenKey();
      return {};
    },
  }),
  operation({
    method: 'DELETE',
    path: '/userDataStream',
    socketMethod: 'userDataStream.stop',
    security: 'key',
    weight: () => 2,
    parameters: schemas.listenKey,
    handle: ({ query: { listenKey }, services, account: owner }) => {
      if (!services.listenKeys.close(accountOf(owner).id, listenKey)) throw refuse.listenKey();
      return {};
    },
  }),
];

async function account({ query, services, account: owner }: Call<Query<'account'>>): Promise<unknown> {
  const { id } = accountOf(owner);
  await services.exchange.settled();
  const { engine } = services.exchange.simulation;
  const assets = new Set(engine.instruments.flatMap(({ base, quote }) => [base, quote]));
  for (const asset of engine.balances.accounts.get(id)?.keys() ?? []) assets.add(asset);
  const balances = [...assets].map((asset) => ({
    asset,
    ...(engine.balances.accounts.get(id)?.get(asset) ?? { free: 0n, locked: 0n }),
  }));
  return {
    makerCommission: Number(services.fees.maker / 10_000n),
    takerCommission: Number(services.fees.taker / 10_000n),
    buyerCommission: 0,
    sellerCommission: 0,
    commissionRates: {
      maker: formatUnits(services.fees.maker),
      taker: formatUnits(services.fees.taker),
      buyer: '0.00000000',
      seller: '0.00000000',
    },
    canTrade: true,
    canWithdraw: false,
    canDeposit: false,
    brokered: false,
    requireSelfTradePrevention: false,
    preventSor: false,
    updateTime: services.exchange.now(),
    accountType: 'SPOT',
    balances: balances
      .filter(({ free, locked }) => !query.omitZeroBalances || free > 0n || locked > 0n)
      .map(({ asset, free, locked }) => ({ asset, free: formatUnits(free), locked: formatUnits(locked) })),
    permissions: ['SPOT'],
    uid: uidOf(services.exchange.store.identity, id),
  };
}

async function oneOrder(call: Call<Query<'oneOrder'>>): Promise<unknown> {
  const { query } = call;
  const owner = accountOf(call.account);
  const { exchange } = call.services;
  const instrument = instrumentOf(call.services, query.symbol);
  await exchange.settled();
  const open = findOpen(call.services, owner, instrument, query);
  if (open) return orderShape(instrument, open);
  const row =
    query.orderId === undefined
      ? exchange.store.orderByClientId(owner.id, instrument.index, query.origClientOrderId ?? '')
      : exchange.store.order(owner.id, instrument.index, query.orderId);
  if (!row || (query.origClientOrderId !== undefined && row.clientId !== query.origClientOrderId)) {
    throw refuse.noSuchOrder();
  }
  return storedOrderShape(instrument, row);
}

function checkSpan(startAt: number | undefined, endAt: number | undefined): void {
  if (startAt !== undefined && endAt !== undefined && endAt - startAt > DAY_MS) {
    throw new ApiError(-1127, 'More than 24 hours between startTime and endTime.');
  }
}
