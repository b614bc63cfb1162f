export { tradingControl } from './control/trading-control.ts';
export { tradingCycle } from './cycle/trading-cycle.ts';
export { executeOrder } from './order/execute-order.ts';
