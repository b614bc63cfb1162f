import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { via } from '../../../contracts/audit.ts';
import type { AccountIdentity } from '../../../contracts/binding.ts';
import { UserError } from '../../../contracts/errors.ts';
import { enableLive } from '../../controls/live/enable.ts';
import { type LiveTools, startChecks, tradingChecks } from '../../controls/live/readiness.ts';
import { clock } from '../../views/cycle-view.ts';
import { action, nameOption, reasonOption } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print } from '../output.ts';
import { table } from '../table.ts';
import { state } from '../tones.ts';

function toolsOf({ configuration, secrets, journal, exchange, anyTrading }: CliContext): LiveTools {
  const askPermissions = async (): Promise<unknown> => (await exchange()).keyPermissions();
  const accountIdentity = async (): Promise<AccountIdentity> => (await anyTrading()).accountIdentity();
  return { configuration, secrets, journal, askPermissions, accountIdentity };
}

async function show(context: CliContext, options: OutputOptions): Promise<void> {
  const { account, venue } = context.configuration;
  const tools = toolsOf(context);
  const books = await context.journal();
  const [{ liveEnabled }, reconciliation] = await Promise.all([
    books.control.read(account),
    books.exchange.lastReconciliation(account),
  ]);
  const checks: { check: string; holds: boolean; detail: string }[] = [];
  for (const { name, look } of [...startChecks(tools), ...tradingChecks(tools)]) {
    checks.push(
      await look().then(
        (detail) => ({ check: name, holds: true, detail }),
        (error: unknown) => {
          if (!(error instanceof UserError)) throw error;
          return { check: name, holds: false, detail: error.message };
        },
      ),
    );
    // Paper keys are no business of the real venue: it is asked in live mode only.
    if (name === 'mode' && checks.at(-1)?.holds === false) break;
  }
  print({ account, venue, enabled: liveEnabled, checks, reconciliation }, options, () => [
    liveEnabled ? `account ${account}: opening orders go to ${venue}` : `account ${account}: live trading is off`,
    reconciliation
      ? `last reconciliation ${clock(reconciliation.at)}: ${reconciliation.differences.join('; ') || 'clean'}`
      : 'no reconciliation yet',
    '',
    table(
      ['condition', 'holds', 'found'],
      checks.map(({ check, holds, detail }) => [check, state(holds ? 'yes' : 'NO'), detail]),
    ),
  ]);
}

export function registerLive(program: Command): void {
  const live = program.command('live').description('trading with real money: off until a person switches it on');

  action<OutputOptions>(
    live.command('show').description('whether live trading is on, and which of its conditions hold'),
    show,
  );

  action<OutputOptions & { confirm: string; reason: string; by?: string }>(
    live
      .command('enable')
      .description('let opening orders pass, after keys, books and exchange were looked at again')
      .requiredOption('--confirm <venue>', 'the name of the venue, typed out')
      .option('--reason <text>', 'kept in the books', reasonOption, 'by the command line')
      .option('--by <name>', 'who switches it on; your user name without it', nameOption)
      .addHelpText(
        'after',
        '\nExample:\n  ./sapphire live enable --confirm binance --reason "first week, small limits"',
      ),
    async (context, options) => {
      const { journal, trading, user } = context;
      const { compareAtRest } = await import('../../../trading/reconcile/strict.ts');
      const report = await enableLive(
        { confirm: options.confirm, by: options.by ?? user, reason: options.reason, via: via.os(user) },
        {
          ...toolsOf(context),
          journal,
          trading,
          // The same look that a resume waits for.
          reconcile: async (account) => compareAtRest({ journal: await journal(), trading: await trading() }, account),
        },
      );
      print(report, options, () => [
        `account ${report.account} trades with REAL MONEY on ${report.venue} from now on; "./sapphire live disable" ends it`,
        ...report.checks.map(({ check, detail }) => `${check}: ${detail}`),
        ...report.opening.map(({ amount, asset }) => `taken over into the books: ${amount} ${asset}`),
      ]);
    },
  );

  action<OutputOptions & { reason: string; by?: string }>(
    live
      .command('disable')
      .description('let no opening order pass any more; what reduces still does')
      .option('--reason <text>', 'kept in the books', reasonOption, 'by the command line')
      .option('--by <name>', 'who switches it off; your user name without it', nameOption),
    async ({ configuration, journal, user }, options) => {
      const { account } = configuration;
      const by = options.by ?? user;
      const { control } = await journal();
      await control.setLive({
        requestId: randomUUID(),
        account,
        enabled: false,
        reason: options.reason,
        by,
        via: via.os(user),
      });
      print({ account, enabled: false }, options, () => `account ${account}: live trading is off`);
    },
  );
}
