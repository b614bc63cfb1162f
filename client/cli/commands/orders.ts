import type { Command } from 'commander';
import { detailSentence } from '../../../contracts/refusal-sentences.ts';
import { clock } from '../../views/cycle-view.ts';
import { action, wholeNumber } from '../command.ts';
import { type OutputOptions, print } from '../output.ts';
import { table } from '../table.ts';
import { state } from '../tones.ts';

export function registerOrders(program: Command): void {
  action<OutputOptions & { limit: number; open?: boolean }>(
    program
      .command('orders')
      .description('order intents, newest first')
      .option('--open', 'only what may be open at the exchange')
      .option('--limit <n>', 'how many', wholeNumber('--limit', 1, 1_000), 20),
    async ({ configuration, journal }, options) => {
      const { intents } = await journal();
      const orders = options.open
        ? await intents.listOpen(configuration.account)
        : await intents.list(configuration.account, options.limit);
      print(orders, options, () =>
        table(
          [
            'created',
            { title: 'id', least: 3 },
            { title: 'purpose', least: 1 },
            'side',
            'quantity',
            'symbol',
            { title: 'limit', least: 2 },
            'state',
            { title: 'filled', least: 4 },
            'detail',
          ],
          orders.map((order) => [
            clock(order.createdAt),
            order.intentId,
            order.purpose,
            order.side,
            order.quantity,
            order.symbol,
            order.limitPrice,
            state(order.state),
            order.filledQuantity,
            detailSentence(order.detail, order.symbol, configuration.currency),
          ]),
        ),
      );
    },
  );
}
