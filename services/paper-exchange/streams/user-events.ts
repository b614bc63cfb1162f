import { type Instrument, priceText, quantityText } from '../../../venues/simulated/engine/instrument.ts';
import type { ExecutionReport } from '../../../venues/simulated/engine/types.ts';
import { formatUnits } from '../../../venues/simulated/engine/units.ts';

/** `executionReport` as the user-data stream sends it. */
export function executionReport(instrument: Instrument, report: ExecutionReport, eventAt: number): unknown {
  const { order } = report;
  const cancelled = report.execution === 'CANCELED';
  const lastQuote = BigInt(report.lastPrice) * BigInt(report.lastQuantity) * instrument.productUnits;
  return {
    e: 'executionReport',
    E: eventAt,
    s: instrument.id,
    c: cancelled ? report.cancelClientId : order.clientId,
    S: order.side,
    o: order.type,
    f: order.timeInForce,
    q: quantityText(instrument, order.quantity),
    p: priceText(instrument, order.price),
    P: priceText(instrument, order.stopPrice),
    F: '0.00000000',
    g: -1,
    C: cancelled ? order.clientId : '',
    x: report.execution,
    X: report.status,
    r: 'NONE',
    i: order.id,
    l: quantityText(instrument, report.lastQuantity),
    z: quantityText(instrument, report.filled),
    L: priceText(instrument, report.lastPrice),
    n: report.feeAsset ? formatUnits(report.feeUnits) : '0',
    N: report.feeAsset || null,
    T: report.at,
    t: report.tradeId,
    I: report.executionId,
    w: report.working,
    m: report.maker,
    M: false,
    O: order.createdAt,
    Z: formatUnits(report.quoteFilled),
    Y: formatUnits(lastQuote),
    Q: formatUnits(order.quoteQuantity),
    ...(order.workingAt === -1 ? {} : { W: order.workingAt }),
    V: order.prevention,
    ...(report.execution === 'TRADE_PREVENTION'
      ? {
          v: order.preventedMatchId,
          A: quantityText(instrument, order.prevented),
          B: quantityText(instrument, report.lastPrevented),
          u: -1,
          U: report.counterOrderId,
          Cs: instrument.id,
        }
      : {}),
    ...(report.execution === 'EXPIRED' && order.expiryReason ? { eR: order.expiryReason } : {}),
  };
}

export function accountPosition(
  balances: Array<{ asset: string; free: bigint; locked: bigint }>,
  eventAt: number,
): unknown {
  return {
    e: 'outboundAccountPosition',
    E: eventAt,
    u: eventAt,
    B: balances.map(({ asset, free, locked }) => ({ a: asset, f: formatUnits(free), l: formatUnits(locked) })),
  };
}

export function balanceUpdate(asset: string, units: bigint, eventAt: number): unknown {
  return { e: 'balanceUpdate', E: eventAt, a: asset, d: formatUnits(units), T: eventAt };
}
