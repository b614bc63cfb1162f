import { ApiError, refuse } from './errors.ts';
import { type Operation, operation } from './operation.ts';
import { schemas } from './parameters.ts';

/**
 * Order lists, smart order routing and amendments: what the exchange's information says it has not. A client that tries is told so in
 * Binance's words; whoever asks for its lists has none.
 */
export const listOperations: Operation[] = [
  refused('POST', '/order/oco', undefined, 'OCO'),
  refused('POST', '/orderList/oco', 'orderList.place.oco', 'OCO'),
  refused('POST', '/orderList/oto', 'orderList.place.oto', 'OTO'),
  refused('POST', '/orderList/otoco', 'orderList.place.otoco', 'OTOCO'),
  refused('POST', '/orderList/opo', 'orderList.place.opo', 'OPO'),
  refused('POST', '/orderList/opoco', 'orderList.place.opoco', 'OPOCO'),
  refused('POST', '/sor/order', 'sor.order.place', 'SOR'),
  refused('POST', '/sor/order/test', 'sor.order.test', 'SOR'),
  refused('PUT', '/order/amend/keepPriority', 'order.amend.keepPriority', 'Amended'),
  {
    method: 'DELETE',
    path: '/orderList',
    socketMethod: 'orderList.cancel',
    security: 'signed',
    weight: () => 1,
    handle: () => {
      throw refuse.unknownOrder();
    },
  },
  {
    method: 'GET',
    path: '/orderList',
    socketMethod: 'orderList.status',
    security: 'signed',
    weight: () => 4,
    handle: () => {
      throw new ApiError(-2018, 'Order list does not exist.');
    },
  },
  operation({
    method: 'GET',
    path: '/openOrderList',
    socketMethod: 'openOrderLists.status',
    security: 'signed',
    weight: () => 6,
    parameters: schemas.none,
    handle: () => [],
  }),
  operation({
    method: 'GET',
    path: '/allOrderList',
    socketMethod: 'allOrderLists',
    security: 'signed',
    weight: () => 20,
    parameters: schemas.allOrderLists,
    handle: () => [],
  }),
];

function refused(method: 'POST' | 'PUT', path: string, socketMethod: string | undefined, kind: string): Operation {
  return {
    method,
    path,
    ...(socketMethod === undefined ? {} : { socketMethod }),
    security: 'signed',
    weight: () => 1,
    handle: () => {
      throw refuse.rejected(`${kind} orders are not supported for this symbol.`);
    },
  };
}
