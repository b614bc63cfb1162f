import type { Money } from '../../../domain/money/money.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { LegId } from '../../../domain/orders/ids.ts';
import type { OrderLeg } from '../../../domain/orders/orders.ts';
import type { TradesView, TradesWanted } from '../books/ledger.ts';
import type { Row, Sql } from './database.ts';
import { toFill } from './ledger-rows.ts';

/** By the orders' index of time: what years have brought before is not looked at. */
export async function readTrades(
  sql: Sql,
  account: string,
  { since, symbol, limit }: TradesWanted,
): Promise<TradesView> {
  const rows = await sql.rows(
    `SELECT f.*, i.leg FROM intents i JOIN fills f ON f.intent_id = i.intent_id
     WHERE i.account = ? AND i.created_at >= ?${symbol === undefined ? '' : ' AND i.symbol = ?'}
     ORDER BY i.created_at DESC, i.intent_id LIMIT ?`,
    account,
    since,
    ...(symbol === undefined ? [] : [symbol]),
    limit,
  );
  const closed = await sql.rows(
    'SELECT leg_id, realized_pnl FROM closed_trades WHERE account = ? AND closed_at >= ?',
    account,
    since,
  );
  const fills = rows.map(toTradeFill).toSorted((one, other) => one.filledAt - other.filledAt);
  return {
    fills,
    realized: new Map(
      closed.map((row) => [tagged<LegId>(String(row['leg_id'])), tagged<Money>(String(row['realized_pnl']))]),
    ),
  };
}

function toTradeFill(row: Row): TradesView['fills'][number] {
  const { purpose, minNotional } = JSON.parse(String(row['leg'])) as OrderLeg;
  return { ...toFill(row), legId: tagged(String(row['leg_id'])), purpose, minNotional };
}
