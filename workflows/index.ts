export { tradingControl } from './control/trading-control.ts';
export { tradingCycle } from './cycle/trading-cycle.ts';
export { flatten } from './flatten/flatten.ts';
export { executeOrder } from './order/execute-order.ts';
export { executePlan } from './order/execute-plan.ts';
export { protectPosition } from './protection/protect-position.ts';
export { reconcile } from './reconcile/reconcile.ts';
export { scoreAgents } from './scoring/score-agents.ts';
