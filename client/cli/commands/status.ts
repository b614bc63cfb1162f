import type { Command } from 'commander';
import type { Configuration } from '../../../contracts/config/schema.ts';
import { type Belief, expectationOf } from '../../../contracts/demo.ts';
import { ExitCode } from '../../../contracts/errors.ts';
import { detailSentence } from '../../../contracts/refusal-sentences.ts';
import { BLIND_MS } from '../../../trading/health/upkeep.ts';
import type { Guard } from '../../controls/guards.ts';
import { type Callee, calleesLine } from '../../stack/receivers.ts';
import { equityLine, exitsLine, pricesLine, scheduleLine } from '../../views/account-view.ts';
import { clock, unwellLines, viewCycle } from '../../views/cycle-view.ts';
import { unknownFeesLine } from '../../views/fees-view.ts';
import { figuresLine, runbookLines } from '../../views/incident-view.ts';
import { leftOutLine } from '../../views/left-out-view.ts';
import type { ServiceHealth } from '../../views/services.ts';
import { lacksFirst, stackLines } from '../../views/stacks-view.ts';
import { standingLine } from '../../views/standing-view.ts';
import { viewStatus } from '../../views/status-view.ts';
import { action } from '../command.ts';
import { cycleLines } from '../cycle-lines.ts';
import { type Lines, type OutputOptions, print } from '../output.ts';
import { table } from '../table.ts';
import { state } from '../tones.ts';

type Status = Awaited<ReturnType<typeof viewStatus>>;

function describe(status: Status, belief: Belief & Pick<Configuration, 'paperExchange'>): Lines {
  const { account, control, lastCycle, services, unresolved, openOrders, reconciliation, protectedSymbols } = status;
  const live =
    belief.mode === 'live' ? [`live trading is ${control.liveEnabled ? 'ON' : 'off: no opening order passes'}`] : [];
  return [
    `account ${account}: trading is ${control.tradingState} (epoch ${control.epoch}: ${detailSentence(control.reason, '*', status.currency)})`,
    ...(control.tradingState === 'halted' ? [haltedLine(control)] : []),
    ...live,
    ...(belief.mode === 'paper' ? [pricesLine(belief.paperExchange)] : []),
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
    `protective exits run for ${protectedSymbols ? protectedSymbols.join(', ') || 'nothing' : 'what is not known while Temporal does not answer'}`,
    ...(status.guards ?? []).flatMap(({ exits }) => (exits ? [`  ${exitsLine(exits)}`] : [])),
    ...(status.guards ?? []).flatMap(describeGuard),
    ...status.leftOut.map(leftOutLine),
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
    ...runbookLines(status.openIncidents).map((line) => `  what to do about ${line}`),
    ...openBreakers(services),
    ...stackLines(status.stacks),
    ...describeCallees(status.callees),
    '',
    table(
      ['service', 'state', { title: 'address', least: 1 }, 'detail'],
      services.map(({ name, url, healthy, slowMs, detail }) => [
        name,
        state(healthy ? 'ok' : slowMs === undefined ? 'DOWN' : 'SLOW'),
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
      const status = await viewStatus(context);
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
