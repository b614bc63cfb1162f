import { intentId as intentIdOf } from '../../contracts/workflow-ids.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { rescore } from '../../trading/score/scores.ts';
import { cycleRecord, fill, leg, sending, terms } from './books.ts';
import { type Taking, typed } from './plain.ts';

const ACCOUNT = 'main';
const SYMBOL = 'BTC/USDT';
const HOUR_MS = 3_600_000;
const rules = { stepSize: '0.00001', minQuantity: '0.00001', minNotional: '5' };
const FORMED = { policyVersion: 1, method: 'linear', formedBy: 'cycle' as const, symbols: [] };
const probabilities = { up: 0.4, flat: 0.3, down: 0.3 };

/** Buys, books what the exchange says of it, and sells it as a protective exit does. */
export async function tradeStep(journal: Taking<Journal>, now: number, round = 1): Promise<void> {
  const { cycles, intents, exchange } = journal;
  const cycleId = `cycle/step/${round}`;
  const of = { cycleId, correlationId: cycleId, quantity: '0.001' };
  const buy = leg({ ...of, legId: `buy${round}` });
  const plan = { cycleId, equity: '10000', legs: [buy], verdicts: [], allocations: [] };
  await cycles.plan(cycleId, ACCOUNT, now, () => typed(plan));
  await intents.openFence(buy, terms(buy), sending(now));
  const bought = intentIdOf(buy.legId, 1);
  await exchange.acquireLease(ACCOUNT, 'ingestor', HOUR_MS);
  const trade = {
    tradeId: buy.legId,
    intentId: bought,
    symbol: SYMBOL,
    quantity: buy.quantity,
    fee: '0',
    filledAt: now,
  };
  await exchange.bookTrades({
    account: ACCOUNT,
    symbol: SYMBOL,
    holder: 'ingestor',
    fills: [{ ...fill(trade), venueOrderId: `venue-buy${round}` }],
    from: await exchange.cursor(ACCOUNT, SYMBOL),
    next: String(round),
  });
  await intents.report({ intentId: bought, state: 'filled', filledQuantity: buy.quantity, fills: [] });

  const sell = leg({ ...of, legId: `sell${round}`, side: 'sell', purpose: 'protect', limitPrice: '59000' });
  await intents.planExit({ legId: sell.legId, account: ACCOUNT, symbol: SYMBOL }, () => sell);
  await intents.openFence(sell, terms(sell), sending(now));
  const sold = intentIdOf(sell.legId, 1);
  const sale = { ...trade, tradeId: sell.legId, intentId: sold, side: 'sell' as const };
  await intents.report({ intentId: sold, state: 'filled', filledQuantity: sell.quantity, fills: [fill(sale)] });
}

/** What a cycle writes besides, and what comes of its signals. */
export async function recordStep(journal: Taking<Journal>, now: number, round = 1): Promise<void> {
  const { cycles, scores, participation, standing, intents } = journal;
  const cycleId = `cycle/step/${round}`;
  await participation.read();
  await participation.health();
  const askId = `ask/step/${round}`;
  await standing.begin({ account: ACCOUNT, askId, agentIds: ['technical'] });
  await standing.read(ACCOUNT);
  await cycles.saveConsensus({ ...FORMED, cycleId, formedAt: now });
  const signal = {
    kind: 'signal' as const,
    agentId: 'technical',
    symbol: SYMBOL,
    probabilities,
    expectedReturn: 0.001,
    uncertainty: 0.01,
    conviction: 0.5,
    horizonMs: 1,
    validUntilAt: now,
    rationale: '',
    evidence: [],
  };
  const answer = {
    agentId: 'technical',
    model: 'm',
    version: '1',
    latencyMs: 1,
    tokens: 0,
    costUsd: '0',
    opinions: [signal],
  };
  const asked = { formedAt: now, askEveryMs: HOUR_MS, tookMs: 1 };
  await standing.keep({ account: ACCOUNT, askId, answers: [answer], asked });
  const mids = { [SYMBOL]: '60000' };
  const record = cycleRecord({
    cycleId,
    snapshot: { snapshotId: 's', takenAt: now, venue: 'binance', mids },
    answers: [answer],
    equity: '10000',
    currency: 'USDT',
    finishedAt: now,
  });
  await cycles.record(record);
  const due = await scores.due(ACCOUNT, now + 1, 100);
  const touched = await scores.settle(
    ACCOUNT,
    due.map((one) => ({ ...one, finalPrice: '60010' })),
  );
  await rescore(typed<Journal>(journal), ACCOUNT, touched, now);
  // One that waited in vain, and one that nobody sends.
  const idle = leg({ legId: `idle${round}`, cycleId: `${cycleId}/idle`, quantity: '0.001' });
  const plan = { cycleId: idle.cycleId, equity: '10000', legs: [idle], verdicts: [], allocations: [] };
  await cycles.plan(idle.cycleId, ACCOUNT, now, () => typed(plan));
  await intents.voidIfMissing(idle, 1);
  await cycles.releaseLeg(idle.legId);
}

/** What reconciliation asks for. */
export async function reconcileStep(journal: Taking<Journal>, now: number): Promise<void> {
  const { intents, ledger, exchange, cycles } = journal;
  await Promise.all([intents.listOpen(ACCOUNT), ledger.balances(ACCOUNT), ledger.positions(ACCOUNT)]);
  await cycles.unsettledPlans(ACCOUNT, now);
  await cycles.find('cycle/old/7');
  await intents.findByVenueOrder(ACCOUNT, SYMBOL, 'venue9');
  await intents.find('old9-1');
  await intents.ofLeg('old9');
  await ledger.fillsOfCycle('cycle/old/7');
  await exchange.recordReconciliation({ account: ACCOUNT, at: now, differences: [] });
  await exchange.keepFeeRates(ACCOUNT, new Map([[SYMBOL, { makerFeeRate: '0.001', takerFeeRate: '0.001' }]]));
  await exchange.feeRates(ACCOUNT);
  await ledger.sweepDust(typed({ reference: String(now), account: ACCOUNT, symbol: SYMBOL, rules, price: '60000' }));
  await ledger.endWaiting(ACCOUNT, SYMBOL);
}

/** What `./sapphire status` shows of the books. */
export async function statusStep(
  { control, cycles, ledger, intents, exchange, incidents }: Taking<Journal>,
  now: number,
): Promise<void> {
  await Promise.all([
    control.read(ACCOUNT),
    cycles.list(ACCOUNT, 1),
    ledger.equityMarks(ACCOUNT),
    intents.listOpen(ACCOUNT),
    exchange.lastReconciliation(ACCOUNT),
    incidents.list({ since: now - 720 * HOUR_MS, limit: 10_000 }),
  ]);
}

/** What `./sapphire portfolio` does. */
export async function portfolioStep({ ledger, modelCalls, cycles }: Taking<Journal>): Promise<void> {
  await Promise.all([
    ledger.balances(ACCOUNT),
    ledger.positions(ACCOUNT),
    ledger.equityMarks(ACCOUNT),
    ledger.deposits(ACCOUNT),
    ledger.paidIn(ACCOUNT, 'USDT'),
    ledger.fees(ACCOUNT),
    modelCalls.spentInAll(),
    cycles.list(ACCOUNT, 20),
  ]);
}

/** What the other commands look at, and what is done once a minute or a day. */
export async function restStep(journal: Taking<Journal>, now: number): Promise<void> {
  const { intents, outbox, ledger, scores, control, check } = journal;
  await intents.list(ACCOUNT, 20);
  await ledger.tradingDay(ACCOUNT, now);
  await scores.read(ACCOUNT);
  await outbox.lastSequence();
  await outbox.stored(100, 100);
  await outbox.trim(100, 0);
  await check();
  await control.raiseHalt({ requestId: 'stop', account: ACCOUNT, reason: 'test', by: 'test' });
}

/** What takes old decisions out: those that are out already are asked for as well. */
export async function retentionStep({ archive, cycles }: Taking<Journal>, now: number): Promise<void> {
  await archive.accounts();
  const old = await archive.old(ACCOUNT, now, 5);
  await archive.release(
    old.map(({ cycleId }) => cycleId),
    'the warehouse',
  );
  await archive.old(ACCOUNT, now, 5, old.at(-1));
  await archive.moved('cycle/old/1');
  await archive.movedUntil();
  await cycles.list(ACCOUNT, 20, { since: now - HOUR_MS, until: now });
}
