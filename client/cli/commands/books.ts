import type { Command } from 'commander';
import { decimal, text } from '../../../domain/money.ts';
import { clock } from '../../cycle-view.ts';
import { action, wholeNumber } from '../command.ts';
import { type OutputOptions, print, table } from '../output.ts';

export function registerBooks(program: Command): void {
  action<OutputOptions>(
    program.command('portfolio').description('equity, balances and positions as they are booked'),
    async ({ configuration, journal }, options) => {
      const { account, currency, mode } = configuration;
      const { ledger } = await journal();
      const [balances, positions, marks, deposits] = await Promise.all([
        ledger.balances(account),
        ledger.positions(account),
        ledger.equityMarks(account),
        ledger.deposits(account),
      ]);
      const equity = marks?.equity;
      const pnl = equity === undefined ? undefined : text(decimal(equity).minus(deposits[currency] ?? '0'));
      print({ mode, account, currency, equity, pnl, marks, deposits, balances, positions }, options, () =>
        [
          `${mode} account ${account}`,
          equity === undefined
            ? 'equity: not marked yet'
            : `equity ${equity} ${currency}, PnL ${pnl} ${currency}, marked ${clock(marks?.at ?? 0)}`,
          '',
          table(
            ['asset', 'free', 'reserved'],
            balances.map(({ asset, free, reserved }) => [asset, free, reserved]),
          ),
          '',
          table(
            ['position', 'quantity', 'average cost', 'realised PnL'],
            positions.map((position) => [
              position.symbol,
              position.quantity,
              text(decimal(position.averageCost).toDecimalPlaces(8)),
              position.realizedPnl,
            ]),
          ),
        ].join('\n'),
      );
    },
  );

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
          ['created', 'id', 'side', 'quantity', 'symbol', 'limit', 'state', 'filled', 'detail'],
          orders.map((order) => [
            clock(order.createdAt),
            order.intentId,
            order.side,
            order.quantity,
            order.symbol,
            order.limitPrice,
            order.state,
            order.filledQuantity,
            order.detail,
          ]),
        ),
      );
    },
  );
}
