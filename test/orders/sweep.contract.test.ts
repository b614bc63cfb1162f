import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { intentId } from '../../contracts/workflow-ids.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { wallClock } from '../../trading/clock.ts';
import { foundNothing, sweepOrders } from '../../trading/control/sweep.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import type { TradingPort } from '../../venues/port.ts';
import { startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';
import { fund, leg, planLegs, sending, temporaryJournal, terms } from '../support/books.ts';

describe('a sweep beside a submission on a symbol that the exchange does not list', () => {
  let exchange: TestExchange;
  let journal: Journal;
  let trading: TradingPort;
  beforeEach(async () => {
    exchange = await startTestExchange();
    const { apiKey, secret } = await exchange.account('main', { USDT: '10000' });
    trading = await createCcxtTrading(createCcxtClient({ venue: 'binance', restUrl: exchange.url, apiKey, secret }));
    journal = await temporaryJournal();
    await fund(journal);
  });
  afterEach(async () => {
    await journal.close();
    await exchange.close();
  });

  const send = async (sendBy: number) => {
    const order = leg({ symbol: 'GONE/USDT' });
    await planLegs(journal, order);
    await journal.intents.openFence(order, terms(order), sending(sendBy - 2_000));
    return intentId(order.legId, 1);
  };

  const sweepAt = (now: number) => sweepOrders({ journal, trading, clock: { ...wallClock, now: () => now } }, 'main');

  it('finds nothing once its time is over by the clock that is handed in: nothing rests there', async () => {
    const sendBy = Date.now() + 60_000;
    const id = await send(sendBy);
    expect(foundNothing(await sweepAt(sendBy + 1))).toBe(true);
    // What became of it is not known, and not made up.
    expect(await journal.intents.find(id)).toMatchObject({ state: 'submitted' });
  });

  it('is not quiet while it may still be on its way', async () => {
    const sendBy = Date.now() - 60_000;
    const id = await send(sendBy);
    expect(await sweepAt(sendBy - 1)).toMatchObject({
      failed: [{ symbol: 'GONE/USDT', intentId: id }],
      unresolved: [id],
    });
  });
});
