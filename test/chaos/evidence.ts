import { z } from 'zod';
import type { CycleRecord } from '../../contracts/cycle.ts';
import { UserError } from '../../contracts/errors.ts';
import type { ProtectionState } from '../../contracts/protection.ts';
import { protectWorkflowId } from '../../contracts/workflow-ids.ts';
import type { Fill } from '../../domain/orders/orders.ts';
import type { Balance, OrderPlan, Position } from '../../domain/portfolio/portfolio.ts';
import type { Intent } from '../../stores/journal/books/intents.ts';
import type { OutboxEvent } from '../../stores/journal/books/outbox.ts';
import { openMarketBuffer } from '../../stores/market-buffer/open.ts';
import { feedsOf } from '../../stores/warehouse/feeds.ts';
import { readWarehouse } from '../../stores/warehouse/query.ts';
import { exportEvents } from '../../stores/warehouse/segments/export.ts';
import { openWarehouse } from '../../stores/warehouse/warehouse.ts';
import { openBooks } from './books.ts';
import type { ChaosStack } from './stack.ts';
import type { StopRecord } from './stops.ts';

const venueOrderSchema = z.object({
  symbol: z.string(),
  orderId: z.coerce.string(),
  clientOrderId: z.string(),
  status: z.string(),
  side: z.string(),
  executedQty: z.string(),
  time: z.number(),
  updateTime: z.number(),
});
const venueTradeSchema = z.object({
  symbol: z.string(),
  id: z.coerce.string(),
  orderId: z.coerce.string(),
  price: z.string(),
  qty: z.string(),
  commission: z.string(),
  commissionAsset: z.string(),
  isBuyer: z.boolean(),
  isMaker: z.boolean(),
});
const logSchema = z.object({ orders: z.array(venueOrderSchema), trades: z.array(venueTradeSchema) });

export type VenueOrderRow = z.output<typeof venueOrderSchema>;
export type VenueTradeRow = z.output<typeof venueTradeSchema>;

export interface LedgerEntry {
  reference: string;
  book: string;
  asset: string;
  amount: string;
}

/** Both sides' own records, read when everything is at rest. */
export interface Evidence {
  venue: { orders: VenueOrderRow[]; trades: VenueTradeRow[]; balances: Record<string, string>; open: number };
  intents: Intent[];
  /** Of the quote asset: `risk.maxOrderNotional`. */
  maxOrderNotional: string;
  fills: Fill[];
  entries: LedgerEntry[];
  balances: Balance[];
  positions: Position[];
  openReservations: number;
  events: OutboxEvent[];
  /** What the warehouse has of the journal's events once everything is exported, and what of the audit trail. */
  warehouse: { events: string[]; audit: string[]; refusal: string | undefined };
  audit: { hashes: string[]; fault: string | undefined };
  records: CycleRecord[];
  plans: { plan: OrderPlan; result: { orders?: { legId: string; state: string }[] } | undefined }[];
  stops: StopRecord[];
  /** Epochs of the halts that were ended by who had seen them; undefined where that is not known. */
  resumed: number[] | undefined;
  /** Legs of which an order was asked for that was not the reserved one. */
  forged: string[];
  /** What the protective exits of each held symbol answer; missing where none run. */
  protection: Map<string, ProtectionState>;
}

/** What the records are read from. */
export type Witness = Pick<ChaosStack, 'admin' | 'journal' | 'client' | 'trading' | 'configuration'>;

/** What the harness did of which the records must tell. */
export type Told = Pick<Evidence, 'stops' | 'resumed' | 'forged'>;

export async function gather(
  stack: Witness,
  { stops, resumed, forged }: Told = { stops: [], resumed: undefined, forged: [] },
): Promise<Evidence> {
  const log = logSchema.parse(await stack.admin('GET', '/log?account=main'));
  const positions = await stack.journal.ledger.positions('main');
  const protection = new Map<string, ProtectionState>();
  for (const { symbol, quantity } of positions) {
    if (quantity === '0') continue;
    const handle = stack.client.workflow.getHandle(protectWorkflowId('main', symbol));
    const state = await handle.query<ProtectionState>('protection').catch(() => undefined);
    const running = await handle.describe().then(
      ({ status }) => status.name === 'RUNNING',
      () => false,
    );
    if (state && running) protection.set(symbol, state);
  }
  return {
    venue: { ...log, balances: await stack.trading.balances(), open: (await stack.trading.openOrders()).length },
    intents: await stack.journal.intents.list('main', 1_000_000),
    maxOrderNotional: stack.configuration.risk.maxOrderNotional,
    balances: await stack.journal.ledger.balances('main'),
    positions,
    records: await stack.journal.cycles.list('main', 1_000_000),
    stops,
    resumed,
    forged,
    protection,
    events: await stack.journal.outbox.after(0, 10_000_000),
    ...(await exported(stack)),
    ...(await readTables()),
  };
}

/** Exports what is left, beside whoever else does, and reads it back. */
async function exported({ journal, configuration }: Witness): Promise<Pick<Evidence, 'warehouse' | 'audit'>> {
  const market = await openMarketBuffer(configuration, journal.id);
  try {
    const warehouse = openWarehouse({ mode: 'paper', journal: journal.id });
    await exportEvents(warehouse, feedsOf(journal, market.outbox));
    return await readWarehouse(warehouse, [], async ({ query }) => {
      const column = async (sql: string): Promise<string[]> => (await query(sql)).map(({ value }) => String(value));
      const events = await column("SELECT event_id AS value FROM events WHERE source = 'journal' ORDER BY sequence");
      const copied = await column('SELECT hash AS value FROM audit_log ORDER BY sequence');
      const { fault } = await journal.audit.verify();
      const hashes = (await journal.audit.after(0, 1_000_000)).map(({ hash }) => hash);
      return { warehouse: { events, audit: copied, refusal: undefined }, audit: { hashes, fault } };
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { fault } = await journal.audit.verify();
    return { warehouse: { events: [], audit: [], refusal: error.message }, audit: { hashes: [], fault } };
  } finally {
    await market.close();
  }
}

/** What the journal's port does not show, from its tables. */
async function readTables(): Promise<Pick<Evidence, 'fills' | 'entries' | 'openReservations' | 'plans'>> {
  const books = await openBooks();
  try {
    const plans = await books.rows('SELECT plan, result FROM plans');
    return {
      fills: (await books.rows(
        `SELECT venue, account, symbol, trade_id AS "tradeId", intent_id AS "intentId", side, price, quantity, fee, fee_asset AS "feeAsset",
                liquidity, filled_at AS "filledAt" FROM fills`,
      )) as unknown as Fill[],
      entries: (await books.rows(
        'SELECT reference, book, asset, amount FROM ledger_entries ORDER BY entry_id',
      )) as unknown as LedgerEntry[],
      openReservations: (await books.rows('SELECT leg_id FROM reservations WHERE open = 1')).length,
      plans: plans.map(({ plan, result }) => ({
        plan: JSON.parse(String(plan)) as OrderPlan,
        result: typeof result === 'string' ? JSON.parse(result) : undefined,
      })),
    };
  } finally {
    await books.close();
  }
}
