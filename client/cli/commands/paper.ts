import { type Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { assetText } from '../../../contracts/decimal-text.ts';
import { decimalPattern } from '../../../domain/money/money.ts';
import { askPaperAdmin } from '../../controls/paper-admin.ts';
import { clock } from '../../views/cycle-view.ts';
import { action } from '../command.ts';
import { type OutputOptions, print } from '../output.ts';
import { table } from '../table.ts';

const accountSchema = z.object({
  name: z.string(),
  apiKey: z.string(),
  secret: z.string(),
  created: z.boolean(),
  urls: z.object({ rest: z.string(), ws: z.string(), wsApi: z.string() }),
});

const listedSchema = z.array(z.object({ name: z.string(), apiKey: z.string(), createdAt: z.int() }));

function addBalance(text: string, before: Record<string, string>): Record<string, string> {
  const [asset, amount] = text.split('=');
  if (
    !asset ||
    !assetText.safeParse(asset).success ||
    !amount ||
    !decimalPattern.test(amount) ||
    amount.startsWith('-')
  ) {
    throw new InvalidArgumentError('A balance is ASSET=AMOUNT, e.g. USDT=10000.');
  }
  return { ...before, [asset]: amount };
}

export function registerPaper(program: Command): void {
  const account = program
    .command('paper')
    .description('the paper exchange')
    .command('account')
    .description('accounts of the paper exchange');

  action<OutputOptions & { balance: Record<string, string> }, [string]>(
    account
      .command('create')
      .argument('<name>', 'name of the account')
      .description('an account of its own for any Binance client; the same name gives the same keys again')
      .option('--balance <asset=amount>', 'opening balance, repeatable', addBalance, {})
      .addHelpText('after', '\nExample:\n  ./sapphire paper account create freqtrade --balance USDT=10000 --json'),
    async ({ configuration, secrets }, options, name) => {
      const body = await askPaperAdmin(configuration, secrets, '/accounts', { name, balances: options.balance });
      const created = accountSchema.parse(body);
      print(created, options, () => [
        `${created.name} (${created.created ? 'created' : 'existed already'})`,
        `key     ${created.apiKey}`,
        `secret  ${created.secret}`,
        `REST    ${created.urls.rest}`,
        `streams ${created.urls.ws}`,
        `WS API  ${created.urls.wsApi}`,
      ]);
    },
  );

  action<OutputOptions>(
    account
      .command('list')
      .description('the accounts that there are, without their secrets: "create" shows those again')
      .addHelpText('after', '\nExample:\n  ./sapphire paper account list'),
    async ({ configuration, secrets }, options) => {
      const accounts = listedSchema.parse(await askPaperAdmin(configuration, secrets, '/accounts'));
      print(accounts, options, () =>
        accounts.length === 0
          ? 'none'
          : table(
              ['account', 'key', 'created'],
              accounts.map(({ name, apiKey, createdAt }) => [name, apiKey, clock(createdAt)]),
            ),
      );
    },
  );
}
