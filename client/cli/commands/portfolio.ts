import { type Command, InvalidArgumentError } from 'commander';
import { via } from '../../../contracts/audit.ts';
import { assetText } from '../../../contracts/decimal-text.ts';
import { decimalPattern } from '../../../domain/money/money.ts';
import { isHeld } from '../../../domain/portfolio/holding.ts';
import type { Journal } from '../../../stores/journal/port.ts';
import { askGuards } from '../../controls/guards.ts';
import { askPaperAdmin, refuseWithoutPaperAdmin } from '../../controls/paper-admin.ts';
import { bookTransfer, type PaperMoney, type TransferRequest, transferInPaper } from '../../controls/transfers.ts';
import { moneyText as money, priceText, quantityText } from '../../views/account-view.ts';
import { clock } from '../../views/cycle-view.ts';
import { type ExitView, exitsFor, exitsWords } from '../../views/exits-view.ts';
import { type PositionView, viewPortfolio } from '../../views/portfolio-view.ts';
import { action, referenceOption } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print } from '../output.ts';
import { table } from '../table.ts';
import { registerBookOut, worth as worthOption } from './book-out.ts';

async function show(context: CliContext, options: OutputOptions): Promise<void> {
  const { configuration } = context;
  const books = await context.journal();
  const portfolio = await viewPortfolio(configuration, books);
  const view = { ...portfolio, positions: await withExits(context, books.intents, portfolio.positions) };
  const { account, currency, worth, pnl, profit, marks, deposits, paidIn, fees, modelCostUsd } = view;
  const { balances, positions, kept } = view;
  print(view, options, () => [
    `account ${account}`,
    worth
      ? `worth ${money(worth.amount)} ${currency}${worth.pricedAt === undefined ? '' : ` at the prices of ${clock(worth.pricedAt)}`}`
      : 'worth: not known, since something that is held has no price',
    marks
      ? `equity at its last mark ${money(marks.equity)} ${currency}, ${clock(marks.at)}; day opened at ${money(marks.dayOpen)}, high-water mark ${money(marks.highWater)}`
      : 'equity: not marked yet',
    `PnL: realised ${money(profit.realized)}, unrealised ${profit.unrealized === undefined ? 'unknown' : money(profit.unrealized)}, at the last mark since deposits ${pnl === undefined ? 'unknown' : money(pnl)} ${currency}`,
    `paid in: ${amounts(deposits)}${paidIn === (deposits[currency] ?? '0') ? '' : `, worth ${paidIn} ${currency} at the time`}`,
    `fees paid: ${amounts(fees)}`,
    `language models: ${modelCostUsd} USD, paid elsewhere and not part of the PnL`,
    '',
    table(
      ['asset', 'free', 'reserved'],
      balances.map(({ asset, free, reserved }) => [asset, quantityText(free), quantityText(reserved)]),
    ),
    '',
    table(
      [
        'position',
        'quantity',
        { title: 'dust', least: 2 },
        'average cost',
        { title: 'price', least: 1 },
        'realised PnL',
        'unrealised PnL',
      ],
      positions.map((position) => [
        position.symbol,
        quantityText(position.quantity),
        quantityText(position.dust),
        priceText(position.averageCost),
        position.price === undefined ? 'not known' : priceText(position.price),
        money(position.realizedPnl),
        position.unrealizedPnl === undefined ? 'not known' : money(position.unrealizedPnl),
      ]),
    ),
    ...positions
      .filter((position) => isHeld(position) && !kept.includes(position.symbol))
      .map(({ symbol, exits }) => exitsWords(symbol, exits)),
    ...kept.map(
      (symbol) => `${symbol} was paid in, is not configured and was never bought here: no cycle and no exit sells it`,
    ),
  ]);
}

/** Each position with what ends it and where that lives, which is missing while nobody tells, and where nothing is held. */
async function withExits(
  { temporal, configuration: { account } }: CliContext,
  intents: Journal['intents'],
  positions: readonly PositionView[],
): Promise<(PositionView & { exits?: ExitView[] })[]> {
  if (!positions.some(isHeld)) return [...positions];
  const [guards, open] = await Promise.all([
    temporal()
      .then((client) => askGuards(client, account))
      .catch(() => undefined),
    intents.listOpen(account),
  ]);
  return positions.map((position) => {
    const exits = guards && isHeld(position) ? exitsFor(position.symbol, guards, open) : undefined;
    return { ...position, ...(exits ? { exits } : {}) };
  });
}

function amounts(byAsset: Readonly<Record<string, string>>): string {
  return (
    Object.entries(byAsset)
      .map(([asset, amount]) => `${amount} ${asset}`)
      .join(', ') || 'nothing'
  );
}

function positiveAmount(value: string): string {
  if (decimalPattern.test(value) && !value.startsWith('-') && /[1-9]/.test(value) && !/\.\d{9}/.test(value))
    return value;
  throw new InvalidArgumentError('An amount is a decimal number above zero with at most eight decimals, e.g. 250.5.');
}

function assetName(value: string): string {
  if (assetText.safeParse(value).success) return value;
  throw new InvalidArgumentError('An asset is in capitals, e.g. USDT.');
}

interface MoveOptions extends OutputOptions {
  reference: string;
  value?: string;
}

async function move(
  { configuration, secrets, journal, trading, user }: CliContext,
  options: MoveOptions,
  signedAmount: string,
  asset: string,
): Promise<void> {
  const { account, currency, mode } = configuration;
  const request: TransferRequest = {
    reference: options.reference,
    account,
    currency,
    asset,
    amount: signedAmount,
    ...(options.value === undefined ? {} : { value: options.value }),
    by: user,
    via: via.os(user),
  };
  const tools = { ledger: (await journal()).ledger, trading: await trading() };
  const money: PaperMoney = {
    check: () => refuseWithoutPaperAdmin(configuration, secrets),
    move: async (moved) => {
      const path = moved.startsWith('-') ? '/withdrawals' : '/deposits';
      await askPaperAdmin(configuration, secrets, path, { name: account, asset, amount: moved.replace('-', '') });
    },
  };
  const result = await (mode === 'paper' ? transferInPaper(request, tools, money) : bookTransfer(request, tools));
  print(result, options, () =>
    result.booked
      ? `booked ${result.amount} ${asset}, worth ${result.value} ${currency}, as ${result.reference}`
      : `${result.reference} stands in the books already: nothing was booked`,
  );
}

function helpOf(verb: 'deposit' | 'withdraw'): string {
  const words = `
An asset that came by itself, as an airdrop does, is booked with --value 0: all of it is a gain. What the exchange has no market for is worth
nothing and stays as dust, which nobody tries to sell; it is withdrawn with --value 0 too.
`;
  return `${verb === 'deposit' ? words : ''}
Example${verb === 'deposit' ? 's' : ''}:
  ./sapphire portfolio ${verb} 500 USDT --reference ${verb}-2026-01-05${verb === 'deposit' ? '\n  ./sapphire portfolio deposit 12 JUNK --value 0 --reference airdrop-2026-01' : ''}`;
}

export function registerPortfolio(program: Command): void {
  const portfolio = program.command('portfolio').description('equity, positions, and money paid in and out');

  action<OutputOptions>(
    portfolio
      .command('show', { isDefault: true })
      .description('equity, balances, positions, PnL and fees as they are booked; the same as "portfolio" alone'),
    show,
  );

  for (const verb of ['deposit', 'withdraw'] as const) {
    const deposit = verb === 'deposit';
    action<MoveOptions, [string, string]>(
      portfolio
        .command(verb)
        .argument('<amount>', 'how much', positiveAmount)
        .argument('<asset>', 'of what, e.g. USDT', assetName)
        .description(
          deposit
            ? 'book money that was paid in: neither gain nor loss; in paper mode it is made'
            : 'book money that was taken out: neither gain nor loss; in paper mode it is destroyed',
        )
        .requiredOption(
          '--reference <text>',
          'its own name in the books: the same one twice is booked once',
          referenceOption,
        )
        .option(
          '--value <amount>',
          "its worth in the account's currency; the middle of the market without it",
          worthOption,
        )
        .addHelpText('after', helpOf(verb)),
      (context, options, amount, asset) => move(context, options, deposit ? amount : `-${amount}`, asset),
    );
  }
  registerBookOut(portfolio);
}
