import type { Command } from 'commander';
import { via } from '../../../contracts/audit.ts';
import { ExitCode, UserError } from '../../../contracts/errors.ts';
import { type Comparison, compareBooks, takeOver } from '../../../trading/reconcile/take-over.ts';
import { letGoOfAccount } from '../../controls/let-go.ts';
import { action, nameOption, reasonOption } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type Lines, type OutputOptions, print } from '../output.ts';
import { table } from '../table.ts';

interface ReconcileOptions extends OutputOptions {
  adopt?: boolean;
  rebind?: boolean;
  look?: string;
  reason?: string;
  by?: string;
}

const HELP = `
Trades that the books do not know and that bear their ids, as after the restore of an older backup, are booked by Sapphire itself while it runs. What
no trade explains is shown, with its numbers; --adopt takes over what the exchange has of it, at the middle of the market, as if it had been paid in
or out: it is neither gain nor loss, and stands in the audit trail. It needs a halt, and is refused where anything has changed since it was seen.
--rebind is for books whose account is gone for good, as with a lost paper exchange: they leave it, and the next start binds them to the account it
finds. Nothing may run meanwhile; what the account has is taken over afterwards with --adopt.
Exit code 0 when both are equal or were made so, 5 when refused, 6 when they differ.

Examples:
  ./sapphire reconcile
  ./sapphire reconcile --adopt --look 3fa94c01d2e5 --reason "restored an older backup"
  ./sapphire reconcile --rebind --reason "the paper exchange's disk is gone"`;

async function reconcile(context: CliContext, options: ReconcileOptions): Promise<number> {
  const { configuration, journal, user } = context;
  const { account, currency, symbols } = configuration;
  if (options.adopt !== true && options.rebind !== true) {
    const found = await compareBooks({ journal: await journal(), trading: await context.trading() }, configuration);
    print(found, options, () => [...seen(found, currency), ...remedy(found)]);
    return found.differences.length + found.inTheWay.length === 0 ? ExitCode.ok : ExitCode.unhealthy;
  }
  const { reason, by = user, look } = options;
  if (reason === undefined || (options.adopt === true && options.rebind === true)) {
    throw new UserError(
      'ReconcileForm',
      'Either --adopt or --rebind, and why: --reason "…", which is kept in the audit trail.',
    );
  }
  const request = { account, currency, symbols, look, reason, by, via: via.os(user) };
  if (options.rebind === true) {
    const left = await letGoOfAccount(configuration, journal, request);
    print(left, options, () => [
      `The books of ${account} have left ${left.market}: the next start binds them to the account that it finds. Trading is halted at epoch ${left.epoch}. Then take over what that account has: ./sapphire reconcile --adopt --reason "…"`,
    ]);
    return ExitCode.ok;
  }
  const found = await takeOver({ journal: await journal(), trading: await context.trading() }, request);
  print({ ...found, adopted: found.differences.length > 0 }, options, () => [
    ...seen(found, currency),
    ...(found.differences.length === 0
      ? ['There is nothing to take over.']
      : [`Taken over. To trade again: ./sapphire resume --epoch ${found.epoch} --reason "…"`]),
  ]);
  return ExitCode.ok;
}

function seen({ account, differences, inTheWay }: Comparison, currency: string): Lines[] {
  if (differences.length + inTheWay.length === 0) return [`Books and exchange agree on ${account}.`];
  const columns = ['asset', 'booked', 'at the exchange', 'difference', `worth in ${currency}`];
  const rows = differences.map((one) => [one.asset, one.booked, one.held, one.difference, one.value]);
  return [...(rows.length === 0 ? [] : [table(columns, rows)]), ...inTheWay];
}

function remedy({ differences, inTheWay, halted, look }: Comparison): string[] {
  if (differences.length === 0) return [];
  if (inTheWay.length > 0)
    return ['What stands in the way ends by itself while Sapphire runs, or as its line says: look again then.'];
  const first = halted ? '' : 'Trading is not halted: ./sapphire stop --reason "…" first. ';
  return [
    'Was money paid in or out that nobody booked? "./sapphire portfolio deposit" or "withdraw" books it by its own name.',
    `${first}To take over what the exchange has: ./sapphire reconcile --adopt --look ${look} --reason "…"`,
  ];
}

export function registerReconcile(program: Command): void {
  action<ReconcileOptions, []>(
    program
      .command('reconcile')
      .description('hold the books against the exchange, and take over what nothing explains')
      .option('--adopt', 'take over what the exchange has')
      .option('--look <id>', 'only if it is still what was seen under this id')
      .option('--rebind', 'leave an account that is gone for good')
      .option('--reason <text>', 'kept in the audit trail', reasonOption)
      .option('--by <name>', 'who takes it over; your user name without it', nameOption)
      .addHelpText('after', HELP),
    reconcile,
  );
}
