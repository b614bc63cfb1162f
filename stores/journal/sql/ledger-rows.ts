import { tagged } from '../../../domain/money/tagged.ts';
import type { Fill, OrderSide } from '../../../domain/orders/orders.ts';
import type { Row } from './database.ts';

export function toFill(row: Row): Fill {
  return {
    venue: String(row['venue']),
    account: String(row['account']),
    symbol: String(row['symbol']),
    tradeId: String(row['trade_id']),
    intentId: tagged(String(row['intent_id'])),
    side: String(row['side']) as OrderSide,
    price: tagged(String(row['price'])),
    quantity: tagged(String(row['quantity'])),
    fee: String(row['fee']),
    feeAsset: String(row['fee_asset']),
    liquidity: row['liquidity'] === 'maker' ? 'maker' : 'taker',
    filledAt: Number(row['filled_at']),
  };
}
