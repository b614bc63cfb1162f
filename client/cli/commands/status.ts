import type { Command } from 'commander';
import { type Belief, expectationOf } from '../../../contracts/demo.ts';
import { ExitCode } from '../../../contracts/errors.ts';
import { healthFigures } from '../../../domain/health/health.ts';
import { healthEndpoints } from '../../../runtime/configuration/addresses.ts';
import { BLIND_MS } from '../../../trading/health/upkeep.ts';
import { askGuards, type Guard } from '../../controls/guards.ts';
import { refuseOthersRunning } from '../../controls/running-books.ts';
import { askSchedule, type ScheduleView } from '../../controls/schedule.ts';
import { stackAccess } from '../../stack/connection.ts';
import { readProfile } from '../../stack/profile.ts';
import { type Callee, calleesLine } from '../../stack/receivers.ts';
import { ownPlace } from '../../stack/stack-place.ts';
import { equityLine, exitsLine, profitOfDay, scheduleLine } from '../../views/account-view.ts';
import { clock, unwellLines, viewCycle } from '../../views/cycle-view.ts';
import { unknownFees, unknownFeesLine } from '../../views/fees-view.ts';
import { figuresLine } from '../../views/incident-view.ts';
import { askHealth, type ServiceHealth } from '../../views/services.ts';
import { lacksFirst, stackLines, viewStacks } from '../../views/stacks-view.ts';
import { standingLine, viewStanding } from '../../views/standing-view.ts';
import { viewWatching } from '../../views/watchers.ts';
import { action } from '../command.ts';
import { type CliContext, connectTemporal } from '../context.ts';
import { cycleLines } from '../cycle-lines.ts';
import { type Lines, type OutputOptions, print } from '../output.ts';
import { table } from '../table.ts';
import { state } from '../tones.ts';

const FIGURES_MS = 30 * 86_400_000;

interface TemporalView {
  health: ServiceHealth;
  /** Missing while Temporal does not answer. */
  schedule?: ScheduleView | 'none' | undefined;
  /** Missing while Temporal does not answer. */
  guards?: Guard[];
}

async function lookAtTemporal(account: string): Promise<TemporalView> {
  const { address: url } = stackAccess(readProfile());
  try {
    const client = await connectTemporal();
    try {
      const [schedule, guards] = await Promise.all([askSchedule(client, account), askGuards(client, account)]);
      return { health: { name: 'temporal', url, healthy: true, detail: 'ok' }, schedule, guards };
    } finally {
      await client.connection.close();
    }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { health: { name: 'temporal', url, healthy: false, detail } };
  }
}

async function gather({ configuration, journal }: CliContext) {
  const { account, currency } = configuration;
  const books = await journal();
  const stacks = await viewStacks(books, ownPlace());
  const joined = stacks.some(({ here, kind }) => here && kind === 'joined');
  const [
    temporal,
    others,
    control,
    cycles,
    marks,
    open,
    reconciliation,
    incidents,
    asked,
    { agents: participation },
    lookedAt,
    feeRates,
  ] = await Promise.all([
    lookAtTemporal(account),
    Promise.all(healthEndpoints(configuration, joined).map(askHealth)),
    books.control.read(account),
    books.cycles.list(account, 1),
    books.ledger.equityMarks(account),
    books.intents.listOpen(account),
    books.exchange.lastReconciliation(account),
    books.incidents.list({ since: Date.now() - FIGURES_MS, limit: 10_000 }),
    books.standing.read(account),
    books.participation.read(),
    books.incidents.lookedAt('health'),
    books.exchange.feeRates(account),
  ]);
  refuseOthersRunning(books.id, temporal.guards?.find(({ journalId }) => journalId !== undefined)?.journalId);
  // One whose request the exchange would refuse by now, and of which nothing is known, is no longer on its way.
  const now = Date.now();
  const openIncidents = incidents.filter(({ recoveredAt }) => recoveredAt === undefined);
  const watching = joined ? undefined : await viewWatching(readProfile().observability.ports, openIncidents);
  const unresolved = open
    .filter(({ state, sendBy }) => state === 'unresolved' || (state === 'submitted' && sendBy < now))
    .map(({ symbol, intentId, detail }) => ({ symbol, intentId, detail }));
  return {
    account,
    currency,
    control,
    equity: marks?.equity,
    marks,
    profitOfDay: profitOfDay(marks),
    schedule: temporal.schedule,
    openOrders: open.length,
    unresolved,
    reconciliation,
    unknownFees: unknownFees(configuration.symbols, feeRates),
    guards: temporal.guards,
    protectedSymbols: temporal.guards?.flatMap(({ symbol, answers }) => (symbol && answers ? [symbol] : [])),
    lastCycle: cycles[0],
    standing: viewStanding(asked, configuration.agents, {
      isHalted: control.tradingState === 'halted',
      participation,
    }),
    services: [temporal.health, ...others, ...(watching?.watchers ?? [])],
    callees: watching?.callees,
    stacks,
    health: healthFigures(incidents),
    /** When every component was last looked at, UTC epoch milliseconds; missing where nobody is to look. */
    lookedAt,
    openIncidents,
  };
}

type Status = Awaited<ReturnType<typeof gather>>;

function describe(status: Status, belief: Belief): Lines {
  const { account, control, lastCycle, services, unresolved, openOrders, reconciliation, protectedSymbols } = status;
  const live =
    belief.mode === 'live' ? [`live trading is ${control.liveEnabled ? 'ON' : 'off: no opening order passes'}`] : [];
  return [
    `account ${account}: trading is ${control.tradingState} (epoch ${control.epoch}: ${control.reason})`,
    ...(control.tradingState === 'halted' ? [haltedLine(control)] : []),
    ...live,
    ...expectationOf(belief),
    { text: scheduleLine(status.schedule), tone: isRunning(status) ? undefined : 'caution' },
    equityLine(status.marks, status.currency),
    ...enginesLine(status.stacks),
    `open orders ${openOrders}`,
    ...unresolved.map(({ symbol, intentId, detail }) =>
      [`UNRESOLVED ${symbol} ${intentId}: the symbol only reduces until its end is known`, detail]
        .filter(Boolean)
        .join('; '),
    ),
    `protective exits run for ${protectedSymbols ? protectedSymbols.join(', ') || 'nothing' : 'what is not known while Temporal is down'}`,
    ...(status.guards ?? []).flatMap(({ exits }) => (exits ? [`  ${exitsLine(exits)}`] : [])),
    ...(status.guards ?? []).flatMap(describeGuard),
    describeReconciliation(reconciliation),
    ...unknownFeesLine(status.unknownFees),
    lastCycle ? cycleLines(lastCycle, status.currency, 'last cycle ') : 'no cycle yet',
    ...(lastCycle ? unwellLines(lastCycle) : []),
    ...status.standing.map((view) => standingLine(view, Date.now())),
    `incidents of 30 days: ${figuresLine(status.health)}`,
    ...describeSight(status.lookedAt, Date.now()),
    ...status.openIncidents.map(
      ({ incidentId, component, code, escalatedAt }) =>
        `  ${escalatedAt === undefined ? '' : 'NEEDS A PERSON '}${component} ${code} (./sapphire incident show ${incidentId})`,
    ),
    ...openBreakers(services),
    ...stackLines(status.stacks),
    ...describeCallees(status.callees),
    '',
    table(
      ['service', 'state', { title: 'address', least: 1 }, 'detail'],
      services.map(({ name, url, healthy, detail }) => [
        name,
        state(healthy ? 'ok' : 'DOWN'),
        url,
        detail === 'ok' ? '' : detail,
      ]),
    ),
  ];
}

function haltedLine({ epoch }: Status['control']): Lines {
  return { text: `  once its cause is gone: ./sapphire resume --epoch ${epoch} --reason "…"`, tone: 'bad' };
}

function isRunning({ schedule }: Status): boolean {
  return schedule !== undefined && schedule !== 'none' && !schedule.paused;
}

function enginesLine(stacks: Status['stacks']): string[] {
  const engines = stacks.filter(({ living }) => living).flatMap((stack) => stack.engines);
  return engines.length === 0 ? [] : [`engines: ${engines.join(', ')}`];
}

/** What stands still or is gone meanwhile is no incident yet. */
function describeSight(lookedAt: number | undefined, now: number): string[] {
  if (lookedAt === undefined || now - lookedAt < BLIND_MS) return [];
  return [
    `NOBODY LOOKS at the components since ${clock(lookedAt)}, ${Math.round((now - lookedAt) / 1_000)} s ago: what follows is not watched`,
  ];
}

/** Nothing of one that works. */
function describeGuard({ workflowId, symbol, answers, detail }: Guard): string[] {
  const name = symbol === undefined ? 'the emergency stop' : `the exits of ${symbol}`;
  if (!answers) return [`SILENT ${name}: ${workflowId} does not answer, ${detail}`];
  return detail === '' ? [] : [`${name} cannot do all of its work: ${detail}`];
}

/** Who is called when something is wrong. */
function describeCallees(callees: readonly Callee[] | undefined): string[] {
  if (!callees) return [];
  if (callees.length === 0)
    return ['NOBODY is called, whatever happens: Prometheus and Alertmanager do not run (npm start -- --observe)'];
  return [`alerts: ${calleesLine(callees)}`];
}

function openBreakers(services: readonly ServiceHealth[]): string[] {
  return services.flatMap(({ breakers = {} }) =>
    Object.entries(breakers)
      .filter(([, state]) => state !== 'closed')
      .map(([name, state]) => `breaker ${name} is ${state}: what it guards is left alone for now`),
  );
}

function describeReconciliation(reconciliation: Status['reconciliation']): Lines {
  if (!reconciliation) return 'no reconciliation yet';
  const { at, differences, stable } = reconciliation;
  if (differences.length === 0) return `reconciled ${clock(at)}: books and exchange agree`;
  return [
    `reconciled ${clock(at)}: books and exchange DIFFER, ${stable} ${stable === 1 ? 'look' : 'looks'} in a row`,
    ...differences.map((difference) => `  ${difference}`),
  ];
}

export function registerStatus(program: Command): void {
  action<OutputOptions>(
    program
      .command('status')
      .description(
        'what runs, trading state, schedule, equity, exits, last cycle; exit code 6 when trading is halted or something is not well',
      )
      .addHelpText('after', '\nExample:\n  ./sapphire status --json'),
    async (context, options) => {
      const status = await gather(context);
      const { lastCycle, services, stacks, unresolved, guards = [] } = status;
      print({ ...status, lastCycle: lastCycle && viewCycle(lastCycle) }, options, () =>
        describe(status, context.configuration),
      );
      const well =
        services.every(({ healthy }) => healthy) &&
        guards.every(({ answers }) => answers) &&
        unresolved.length === 0 &&
        status.control.tradingState !== 'halted' &&
        !lacksFirst(stacks);
      return well ? ExitCode.ok : ExitCode.unhealthy;
    },
  );
}
