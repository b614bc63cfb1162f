import type { Fill } from '../../../domain/orders/orders.ts';
import type { BookedTrade, ExchangeBook, KnownFeeRates, ReconciliationReport } from '../books/exchange.ts';
import { VENUE_OF_ACCOUNT } from './accounts.ts';
import type { Database, Row, Sql } from './database.ts';
import { applyReport } from './intents.ts';

function toReport(row: Row): ReconciliationReport {
  return {
    account: String(row['account']),
    at: Number(row['at']),
    differences: JSON.parse(String(row['differences'])) as string[],
    stable: Number(row['stable']),
  };
}

function toFeeRates(row: Row): KnownFeeRates {
  return {
    symbol: String(row['symbol']),
    makerFeeRate: String(row['maker']),
    takerFeeRate: String(row['taker']),
    readAt: Number(row['read_at']),
  };
}

/** How many looks in a row have found each difference, by what it is. */
async function looksSoFar(sql: Sql, account: string): Promise<Map<string, number> | undefined> {
  const row = await sql.row('SELECT looks FROM reconciliations WHERE account = ?', account);
  return row && new Map(JSON.parse(String(row['looks'])) as [what: string, looks: number][]);
}

async function cursor(sql: Sql, account: string, symbol: string): Promise<string | undefined> {
  const row = await sql.row('SELECT next FROM trade_cursors WHERE account = ? AND symbol = ?', account, symbol);
  return row && String(row['next']);
}

function withoutOrder({ venueOrderId: _order, ...fill }: BookedTrade): Fill {
  return fill;
}

export function createExchangeBook(database: Database): ExchangeBook {
  return {
    acquireLease: (account, holder, ttlMs) =>
      database.transaction(account, { ledger: true }, async (transaction) => {
        const now = await transaction.clock();
        const taken = await transaction.run(
          `INSERT INTO leases (account, holder, until) VALUES (?, ?, ?)
           ON CONFLICT (account) DO UPDATE SET holder = excluded.holder, until = excluded.until
           WHERE leases.holder = excluded.holder OR leases.until < ? OR leases.until > ?`,
          account,
          holder,
          now + ttlMs,
          now,
          // One that lasts so long was taken before a clock was set back.
          now + 2 * ttlMs,
        );
        return taken > 0;
      }),

    cursor: (account, symbol) => cursor(database, account, symbol),

    bookTrades: ({ account, symbol, holder, fills, from, next }) =>
      database.transaction(account, { ledger: true }, async (transaction) => {
        const lease = await transaction.row('SELECT * FROM leases WHERE account = ?', account);
        // One that was stalled past its lease must not move the cursor of the one that took over.
        if (lease?.['holder'] !== holder || Number(lease['until']) < (await transaction.clock())) return false;
        for (const intentId of new Set(fills.map((fill) => fill.intentId))) {
          const own = fills.filter((fill) => fill.intentId === intentId);
          const venueOrderId = own[0]?.venueOrderId;
          const of = venueOrderId === undefined ? {} : { venueOrderId };
          await applyReport(transaction, { intentId, state: 'partially_filled', ...of, fills: own.map(withoutOrder) });
        }
        // Its words are the venue's: which of two is the later one is not known here. Another reading has moved it meanwhile.
        if ((await cursor(transaction, account, symbol)) === from) {
          await transaction.run(
            `INSERT INTO trade_cursors (account, venue, symbol, next) VALUES (?, ${VENUE_OF_ACCOUNT}, ?, ?)
             ON CONFLICT (account, symbol, venue) DO UPDATE SET next = excluded.next`,
            account,
            account,
            symbol,
            next,
          );
        }
        return true;
      }),

    recordReconciliation: ({ account, at, differences }) =>
      database.transaction(account, { ledger: true }, async (transaction) => {
        const before = await looksSoFar(transaction, account);
        const looks = differences.map(({ what }) => (before?.get(what) ?? 0) + 1);
        const words = differences.map((difference) => difference.words);
        await transaction.run(
          `INSERT INTO reconciliations (account, at, differences, stable, looks) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (account) DO UPDATE SET at = excluded.at, differences = excluded.differences, stable = excluded.stable,
             looks = excluded.looks`,
          account,
          at,
          JSON.stringify(words),
          Math.max(0, ...looks),
          JSON.stringify(differences.map(({ what }, place) => [what, looks[place]])),
        );
        // A look that found what the one before it found is no news.
        const isNews = looks.some((count) => count === 1) || (before?.size ?? 0) !== differences.length;
        if (isNews) {
          await transaction.emit({
            eventId: `reconciliation/${account}/${at}`,
            kind: differences.length === 0 ? 'books.agreed' : 'books.differed',
            payload: { account, at, differences: words },
          });
        }
        return looks;
      }),

    lastReconciliation: async (account) => {
      const row = await database.row('SELECT * FROM reconciliations WHERE account = ?', account);
      return row && toReport(row);
    },

    keepFeeRates: (account, rates) =>
      database.transaction(account, {}, async (transaction) => {
        for (const [symbol, { makerFeeRate, takerFeeRate }] of rates) {
          await transaction.run(
            `INSERT INTO fee_rates (account, symbol, maker, taker, read_at) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (account, symbol) DO UPDATE SET maker = excluded.maker, taker = excluded.taker, read_at = excluded.read_at`,
            account,
            symbol,
            makerFeeRate,
            takerFeeRate,
            transaction.now(),
          );
        }
      }),

    feeRates: async (account) => {
      const rows = await database.rows('SELECT * FROM fee_rates WHERE account = ? ORDER BY symbol', account);
      return rows.map(toFeeRates);
    },
  };
}
