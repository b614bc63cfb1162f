import { Client } from '@temporalio/client';
import { createControlActivities } from '../activities/control/index.ts';
import { createCcxtClient } from '../activities/market/ccxt-client.ts';
import { createCcxtTrading } from '../activities/orders/ccxt-trading.ts';
import { TaskQueue } from '../contracts/task-queues.ts';
import { openJournal } from '../stores/journal/open.ts';
import { watchBooks } from './book-watch.ts';
import { refuseUnfitKeys, tradingAccess } from './exchange.ts';
import { runRole } from './role.ts';
import { ensureTradingControl } from './trading-control.ts';
import { workflowBundle } from './workflow-bundle.ts';

await runRole('operations', async ({ configuration, secrets, connection, temporal, logger }) => {
  const journal = await openJournal(configuration);
  const exchange = createCcxtClient(tradingAccess(configuration, secrets));
  await refuseUnfitKeys(configuration, exchange);
  const trading = await createCcxtTrading(exchange);
  const client = new Client({ connection, namespace: temporal.namespace });
  await journal.risk.adopt(configuration.account, configuration.risk);
  // The opening balance of the paper account, booked once: from here on only fills change the books.
  if (configuration.mode === 'paper') {
    const { account, currency, paperBalance } = configuration;
    await journal.ledger.transfer({
      reference: `paper-opening/${account}`,
      account,
      asset: currency,
      amount: paperBalance,
      value: paperBalance,
      at: Date.now(),
    });
  }
  await ensureTradingControl(client, configuration.account);
  const stopWatching = watchBooks(journal, configuration, logger);

  return {
    workers: [
      {
        taskQueue: TaskQueue.operations,
        workflowBundle: await workflowBundle(),
        activities: createControlActivities({ journal, trading, client, logger }),
        maxCachedWorkflows: 20,
        stickyQueueScheduleToStartTimeout: '1s',
      },
    ],
    checks: {
      journal: () => journal.check(),
      exchange: async () => void (await trading.exchangeTime()),
    },
    close: async () => {
      stopWatching();
      await journal.close();
    },
  };
});
