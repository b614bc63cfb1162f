import { setTimeout as sleep } from 'node:timers/promises';
import { type TransferTools, transferInPaper } from '../../../client/controls/transfers.ts';
import type { ResumeRequest, TradingControlState } from '../../../contracts/control.ts';
import { UserError } from '../../../contracts/errors.ts';
import { TRADING_CONTROL_ID } from '../../../contracts/workflow-ids.ts';
import { openMarketBuffer } from '../../../stores/market-buffer/open.ts';
import { type Evidence, gather } from '../evidence.ts';
import { createInjector } from '../injector.ts';
import type { Action } from '../schedule.ts';
import { MIN_NOTIONAL, market } from '../settings.ts';
import { type ChaosStack, startChaosStack } from '../stack.ts';
import { createTraffic } from '../traffic.ts';
import { until } from '../wait.ts';
import { recompute } from './recompute.ts';

/** Traded, and paid with; and one that is on the exchange and not among those that are traded. */
const traded = ['BTC/USDT', 'ETH/USDT', 'SOL/USDT', 'BNB/USDT'];
const added = [
  { symbol: 'BNB/USDT', tickSize: '0.01', stepSize: '0.001', minNotional: MIN_NOTIONAL, startPrice: '600' },
  { symbol: 'DOT/USDT', tickSize: '0.001', stepSize: '0.01', minNotional: MIN_NOTIONAL, startPrice: '7' },
];
const settings = {
  trading: { symbols: traded },
  paperExchange: { market: { ...market, instruments: [...market.instruments, ...added] }, payFeesInBnb: true },
};

export interface LiveReport {
  cycles: number;
  fills: number;
  kills: number;
  stops: number;
  /** Fees by asset. */
  fees: Record<string, string>;
  /** Of each kind of event that moves the books, how many there were. */
  booked: Record<string, number>;
  /** Who halted trading, and why. */
  halts: string[];
  violations: string[];
}

const kinds = [
  'fill.booked',
  'capital.deposited',
  'capital.withdrawn',
  'dust.swept',
  'equity.marked',
  'trading.halted',
];
const kill = (victim: Extract<Action, { kind: 'kill' }>['victim']): Action => ({ kind: 'kill', victim, afterMs: 150 });

/**
 * Trades with fees in BNB while processes are killed and trading is stopped and sold out, and moves cash and coins in between: what came by itself
 * with a market and without, what has no whole step, and what is held. Then all of it is made anew from the exchange's records.
 */
export async function runLive(onProgress: (words: string) => void): Promise<LiveReport> {
  const stack = await startChaosStack({ stacks: 1, style: 'limit', settings, onProgress });
  try {
    const { up, down } = { up: traded, down: [] };
    const traffic = createTraffic(stack, 1);
    const injector = createInjector(stack, traffic, 60_000);
    const perform = (action: Action): Promise<void> => injector.perform(action);
    const moves = createMoves(stack);
    await moves.deposit('500', 'USDT');
    await moves.deposit('1.5', 'BNB');
    await moves.airdrop('12', 'JUNK');
    await moves.airdrop('0.42', 'DOT');
    onProgress('Trading');
    await traffic.cycle({ up, down });
    await moves.deposit('0.01000437', 'BTC');
    await Promise.all([traffic.cycle({ up: [], down: ['ETH/USDT', 'BNB/USDT'] }), perform(kill('workers/execution'))]);
    await moves.withdrawCoins('0.005', 'BTC');
    await Promise.all([traffic.cycle({ up, down }), perform(kill('paper-exchange')), perform(kill('workers/cycles'))]);
    await moves.withdrawCoins('0.21', 'BNB');
    await moves.withdraw('5', 'JUNK');
    await Promise.all([traffic.cycle({ up, down }), perform({ kind: 'restart' })]);
    await resumed(stack);
    await moves.withdraw('250', 'USDT');
    await Promise.all([traffic.cycle({ up: [], down: ['BTC/USDT'] }), perform(kill('workers/control'))]);
    onProgress('Stopping and selling out');
    await perform({ kind: 'stop', way: 'flatten', dies: false });
    await resumed(stack);
    // What could not be sold stays, and pays the fees of these, or is bought on.
    await traffic.cycle({ up: ['ETH/USDT', 'SOL/USDT'], down: [] });
    onProgress('Coming to rest');
    const evidence = await atRest(stack);
    onProgress('Making everything anew from the exchange’s records');
    const buffer = await openMarketBuffer(stack.configuration, stack.journal.id);
    const seen = await buffer.outbox.after(0, 1_000_000);
    await buffer.close();
    const violations = await recompute(evidence, { market: seen });
    const count = (kind: string): number => evidence.events.filter((event) => event.kind === kind).length;
    return {
      cycles: traffic.finished,
      fills: evidence.fills.length,
      kills: injector.deeds.kills + injector.deeds.idleKills,
      stops: injector.deeds.stops.length,
      fees: await stack.journal.ledger.fees('main'),
      booked: Object.fromEntries(kinds.map((kind) => [kind, count(kind)])),
      halts: evidence.events.flatMap(({ kind, payload }) => {
        if (kind !== 'trading.halted') return [];
        const { after } = payload as { after: { changedBy: string; reason: string } };
        return [`${after.changedBy}: ${after.reason}`];
      }),
      violations: violations.map(({ what }) => what),
    };
  } finally {
    await stack.stop(false);
  }
}

/** A latch that was killed at its work halts, since that may have been a stop. */
function resumed({ client, journal }: ChaosStack): Promise<true> {
  return until('active trading', 120_000, async () => {
    const { tradingState, epoch: expectedEpoch } = await journal.control.read('main');
    if (tradingState !== 'halted') return true;
    const request: ResumeRequest = { reason: 'the run goes on', by: 'chaos', expectedEpoch };
    await client.workflow
      .getHandle(TRADING_CONTROL_ID)
      .executeUpdate<TradingControlState, [ResumeRequest]>('resume', { args: [request] });
    return undefined;
  });
}

/** An exit is over by then, or has all of it for long. */
const HELD_MS = 6_000;

/** Money that is moved as a person does it with `./sapphire portfolio`. */
function createMoves({ journal, trading, admin, configuration }: ChaosStack) {
  const { account, currency } = configuration;
  const tools: TransferTools = { ledger: journal.ledger, trading };
  const send = (path: string, asset: string, amount: string): Promise<unknown> =>
    admin('POST', path, { name: account, asset, amount: amount.replace('-', '') });
  let number = 0;
  /** False where nothing of it is free. */
  const book = async (amount: string, asset: string, value?: string): Promise<boolean> => {
    number += 1;
    const request = {
      reference: `move-${number}`,
      account,
      currency,
      asset,
      amount,
      by: 'ann',
      via: 'cli:ann' as never,
    };
    const move = async (open: string): Promise<void> =>
      void (await send(open.startsWith('-') ? '/withdrawals' : '/deposits', asset, open));
    const begunAt = Date.now();
    return until(`${amount} ${asset} moved`, 60_000, async () => {
      try {
        await transferInPaper(value === undefined ? request : { ...request, value }, tools, {
          check: async () => {},
          move,
        });
        return true;
      } catch (error) {
        // A fill is on its way, or an order has it: for a moment, or until it is sold.
        const code = error instanceof UserError ? error.code : '';
        if (code === 'PaperTransferOpen') return undefined;
        if (code === 'NotFree' || code === 'NotHeld') return Date.now() - begunAt > HELD_MS ? false : undefined;
        throw error;
      }
    });
  };
  return {
    deposit: (amount: string, asset: string) => book(amount, asset),
    /** Out of a deposit of twice as much where its exit has sold the rest. */
    async withdrawCoins(amount: string, asset: string): Promise<void> {
      for (let tries = 1; tries <= 3; tries += 1) {
        if (await book(`-${amount}`, asset)) return;
        await book(String(Number(amount) * 2), asset);
      }
    },
    withdraw: (amount: string, asset: string) => book(`-${amount}`, asset, asset === 'JUNK' ? '0' : undefined),
    airdrop: async (amount: string, asset: string): Promise<void> => {
      await send('/deposits', asset, amount);
      await book(amount, asset, '0');
    },
  };
}

/** Protective exits go on trading: the records are of one moment only when nothing was written while they were read. */
function atRest(stack: ChaosStack): Promise<Evidence> {
  return until('a moment in which nothing is written', 120_000, async () => {
    await sleep(1_000);
    if ((await stack.journal.intents.listOpen('main')).length > 0) return undefined;
    const evidence = await gather(stack);
    const since = await stack.journal.outbox.after(evidence.events.at(-1)?.sequence ?? 0, 1);
    return evidence.openReservations === 0 && since.length === 0 ? evidence : undefined;
  });
}
