import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { via } from '../../../contracts/audit.ts';
import type { RiskSettings } from '../../../contracts/config/schema.ts';
import { detailSentence } from '../../../contracts/refusal-sentences.ts';
import type { SettingsChange } from '../../../stores/journal/books/settings.ts';
import { changeRisk, riskText } from '../../controls/risk-settings.ts';
import { clock } from '../../views/cycle-view.ts';
import { leftOutLine } from '../../views/left-out-view.ts';
import { money, viewRisk } from '../../views/risk-view.ts';
import { action, nameOption, reasonOption, wholeNumber } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type OutputOptions, print } from '../output.ts';
import { table } from '../table.ts';

async function show({ configuration, journal }: CliContext, options: OutputOptions): Promise<void> {
  const view = await viewRisk(configuration, await journal(), Date.now());
  const { account, currency, version, lastChange: last, trading, marks, day, exposure, limits, faults, leftOut } = view;
  print(view, options, () => [
    `account ${account}: trading is ${trading.state} (epoch ${trading.epoch}, by ${trading.by}: ${detailSentence(trading.reason, '*', currency)})`,
    `limits version ${version}${last ? `, changed ${clock(last.changedAt)} by ${last.by}: ${last.reason}` : ''}`,
    ...faults.map(
      (fault) => `breaks a rule of this release, and stays until "./sapphire risk set" changes it: ${fault}`,
    ),
    marks
      ? `equity ${marks.equity} ${currency}, day opened at ${marks.dayOpen}, high-water mark ${marks.highWater}, marked ${clock(marks.at)}`
      : 'equity: not marked yet',
    `traded today ${money(day.turnover)} ${currency}, fees ${money(day.fees)}`,
    `exposure ${exposure.gross ?? 'unknown'} ${currency}${exposure.pricedAt === undefined ? '' : ` at the prices of ${clock(exposure.pricedAt)}`}`,
    ...leftOut.map(leftOutLine),
    '',
    table(
      ['symbol', `booked ${currency}`, `open buys ${currency}`, `exposure ${currency}`],
      exposure.bySymbol.map(({ symbol, booked, working, exposure: total }) => [
        symbol,
        booked ?? 'no price known',
        working,
        total ?? 'no price known',
      ]),
    ),
    '',
    table(
      ['limit', 'value', 'now'],
      limits.map(({ key, limit, current }) => [key, String(limit), current ?? '']),
    ),
  ]);
}

function describeChange(change: SettingsChange<RiskSettings>): string {
  const changed = riskText.changed(change).map(({ key, before, after }) => `${key} ${before} → ${after}`);
  return changed.join(', ') || 'nothing differs';
}

export function registerRisk(program: Command): void {
  const risk = program.command('risk').description('the limits that every order keeps to');

  action<OutputOptions>(
    risk
      .command('show')
      .description('the limits in force, who changed them, and where the account stands against each')
      .addHelpText('after', '\nExample:\n  ./sapphire risk show --json'),
    show,
  );

  action<OutputOptions & { reason: string; by?: string }, [string[]]>(
    risk
      .command('set')
      .argument('<limits...>', 'KEY=VALUE, e.g. maxDailyLoss=0.03; "risk show" lists the keys')
      .description('change limits from the next cycle on; kept until the configuration file changes them')
      .requiredOption('--reason <text>', 'kept in the books', reasonOption)
      .option('--by <name>', 'who changes them; your user name without it', nameOption)
      .addHelpText(
        'after',
        '\nExample:\n  ./sapphire risk set maxDailyLoss=0.03 maxOrderNotional=1000 --reason "holidays"',
      ),
    async ({ configuration, journal, user }, options, texts) => {
      const change = await changeRisk(await journal(), configuration, {
        requestId: randomUUID(),
        settings: riskText.parse(texts),
        by: options.by ?? user,
        reason: options.reason,
        via: via.os(user),
      });
      const { changed } = change;
      print(change, options, () => [
        `limits version ${change.version}, from the next cycle on`,
        table(
          ['limit', 'before', 'after'],
          changed.map(({ key, before, after }) => [key, before, after]),
        ),
      ]);
    },
  );

  action<OutputOptions & { limit: number }>(
    risk
      .command('history')
      .description('changes of the limits, newest first')
      .option('--limit <n>', 'how many', wholeNumber('--limit', 1, 1_000), 20),
    async ({ configuration, journal }, options) => {
      const changes = await (await journal()).risk.changes(configuration.account, options.limit);
      print(changes, options, () =>
        table(
          ['changed', { title: 'version', least: 2 }, { title: 'by', least: 1 }, 'what', 'reason'],
          changes.map((change) => [
            clock(change.changedAt),
            String(change.version),
            change.by,
            describeChange(change),
            change.reason,
          ]),
        ),
      );
    },
  );
}
