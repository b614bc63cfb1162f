import { pino } from 'pino';
import { expect, it } from 'vitest';
import { tagged } from '../../domain/money/tagged.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { wallClock } from '../../trading/clock.ts';
import { cycleInProcess, type ProcessTools } from '../../trading/decide/in-process.ts';
import { createOrderEvents } from '../../trading/execute/order-events.ts';
import { fund, leg, planLegs, temporaryJournal } from '../support/books.ts';
import { cycleTerms } from '../support/cycle-terms.ts';
import { simulatedVenue } from '../support/simulated.ts';

it('carries a stop out to the end: what rests is cancelled, and whoever follows it comes back', async () => {
  const journal = await temporaryJournal();
  await fund(journal);
  const { trading } = await simulatedVenue();
  const tools = cycleInProcess({
    journal,
    trading,
    agents: {},
    market: {} as ProcessTools['market'],
    coordinator: {} as ProcessTools['coordinator'],
    events: createOrderEvents(),
    clock: wallClock,
    configuration: parseConfiguration({ demo: true }, 'the test'),
    logger: pino({ level: 'silent' }),
  });
  const resting = leg({ limitPrice: tagged('20000'), timeInForce: 'GTC', restMs: 60_000 });
  const plan = await planLegs(journal, resting);
  const executed = tools.venue.execute(cycleTerms(), { ...plan, kind: 'independent' });
  await expect.poll(() => trading.openOrders()).toHaveLength(1);

  await journal.control.raiseHalt({ requestId: 'r', account: 'main', by: 'risk', reason: 'DailyLoss' });
  await tools.latch.stop({ requestId: 'r', reason: 'DailyLoss', by: 'risk' });

  expect(await trading.openOrders()).toEqual([]);
  expect(await executed).toMatchObject({ orders: [{ state: 'canceled', filledQuantity: '0' }] });
  expect(await journal.ledger.balances('main')).toMatchObject([{ asset: 'USDT', free: '10000', reserved: '0' }]);
});
