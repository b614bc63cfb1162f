import type { Command } from 'commander';
import { ExitCode } from '../../../contracts/errors.ts';
import { cycleLine, viewCycle } from '../../cycle-view.ts';
import { askHealth, healthEndpoints, type ServiceHealth } from '../../services.ts';
import { stackAccess } from '../../stack/connection.ts';
import { readProfile } from '../../stack/profile.ts';
import { action } from '../command.ts';
import { type CliContext, connectTemporal } from '../context.ts';
import { type OutputOptions, print, table } from '../output.ts';

async function temporalHealth(): Promise<ServiceHealth> {
  const { address: url } = stackAccess(readProfile());
  try {
    const client = await connectTemporal();
    await client.connection.close();
    return { name: 'temporal', url, healthy: true, detail: 'ok' };
  } catch (error) {
    return { name: 'temporal', url, healthy: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

async function gather({ configuration, journal }: CliContext) {
  const { account, currency, mode } = configuration;
  const books = await journal();
  const [services, control, cycles, marks, open] = await Promise.all([
    Promise.all([temporalHealth(), ...healthEndpoints(configuration).map(askHealth)]),
    books.control.read(account),
    books.cycles.list(account, 1),
    books.ledger.equityMarks(account),
    books.intents.listOpen(account),
  ]);
  const unresolved = open.filter(({ state }) => state === 'unresolved' || state === 'sending').length;
  return {
    mode,
    account,
    currency,
    control,
    equity: marks?.equity,
    openOrders: open.length,
    unresolved,
    lastCycle: cycles[0],
    services,
  };
}

export function registerStatus(program: Command): void {
  action<OutputOptions>(
    program
      .command('status')
      .description('what runs, trading state, last cycle; exit code 6 when something is not well')
      .addHelpText('after', '\nExample:\n  sapphire status --json'),
    async (context, options) => {
      const status = await gather(context);
      const { mode, account, control, lastCycle, services, unresolved, openOrders } = status;
      print({ ...status, lastCycle: lastCycle && viewCycle(lastCycle) }, options, () =>
        [
          `${mode} account ${account}: trading is ${control.tradingState} (epoch ${control.epoch}: ${control.reason})`,
          `open orders ${openOrders}${unresolved > 0 ? `, ${unresolved} UNRESOLVED` : ''}`,
          lastCycle ? `last cycle ${cycleLine(lastCycle, status.currency)}` : 'no cycle yet',
          '',
          table(
            ['service', 'state', 'address', 'detail'],
            services.map(({ name, url, healthy, detail }) => [
              name,
              healthy ? 'ok' : 'DOWN',
              url,
              healthy ? '' : detail,
            ]),
          ),
        ].join('\n'),
      );
      return services.every(({ healthy }) => healthy) && unresolved === 0 ? ExitCode.ok : ExitCode.unhealthy;
    },
  );
}
