import type { Configuration } from '../../contracts/config/schema.ts';
import { expectationOf } from '../../contracts/demo.ts';
import type { Secrets } from '../../runtime/configuration/secrets.ts';
import type { ScheduleView } from '../controls/schedule.ts';
import { describeStack } from '../stack/claim.ts';
import { OBSERVER, observerPasswordFile } from '../stack/observer-access.ts';
import type { Stack } from '../stack/start.ts';
import { pricesLine, scheduleLine } from '../views/account-view.ts';
import { heading, type Lines } from './output.ts';
import { table } from './table.ts';

/** With real money the Web UI asks for a token, which its address carries to the one who reads the screen. */
function onScreen({ name, url }: Stack['services'][number], { mode }: Configuration, token: string): string {
  return name === 'temporal' && mode === 'live' && url.startsWith('http') ? `${url}/?token=${token}` : url;
}

/** What runs here of all that the books need, where another stack runs the rest. */
function sharing({ books: { joins }, roles }: Stack): string[] {
  if (!joins) return [];
  return [
    '',
    `JOINED ${describeStack(joins)}`,
    `taken here: ${roles.join(', ')}, with a coordinator of their own`,
    'left there: Temporal, schedules, housekeeping (export, reports, backups, retention, the look at every component), and on paper the exchange',
  ];
}

/** What a person reads once everything runs. */
export function welcome(
  stack: Stack,
  configuration: Configuration,
  { webUiToken }: Secrets,
  schedule: ScheduleView | 'none' | undefined,
): Lines {
  const { services, access } = stack;
  const { mode, account, symbols, cycle } = configuration;
  return [
    '',
    ...(mode === 'live'
      ? [
          heading(mode).trimEnd(),
          'Opening orders pass only after "./sapphire live enable --confirm binance"; "./sapphire live show" says whether they do.',
          ...access.map((text) => `Temporal at ${text}.`),
        ]
      : []),
    `Sapphire trades ${mode === 'paper' ? 'on PAPER' : 'LIVE'}: account ${account}, ${symbols.join(', ')}`,
    ...(mode === 'paper' ? [pricesLine(configuration.paperExchange)] : []),
    schedule === 'none' ? `a cycle every ${cycle.intervalSeconds} s` : scheduleLine(schedule),
    ...expectationOf(configuration),
    ...sharing(stack),
    '',
    table(
      ['service', 'address'],
      services.map((service) => [service.name, onScreen(service, configuration, webUiToken)]),
    ),
    ...(services.some(({ name }) => name === 'prometheus')
      ? ['', `Prometheus and Alertmanager ask for the user ${OBSERVER} and the password in ${observerPasswordFile()}`]
      : []),
    '',
    'Ctrl-C stops; "./sapphire --help" in another terminal does the rest.',
    '',
  ];
}

/** For a program: what this stack is of those that run the books. */
export function viewOf({ books: { claim, joins }, roles }: Stack) {
  const joined = joins && { stackId: joins.stackId, host: joins.host, folder: joins.folder };
  return { ...claim, roles, ...(joined ? { joined } : {}) };
}
