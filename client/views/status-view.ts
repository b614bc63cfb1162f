import type { Client } from '@temporalio/client';
import type { Configuration } from '../../contracts/config/schema.ts';
import { healthFigures } from '../../domain/health/health.ts';
import { healthEndpoints } from '../../runtime/configuration/addresses.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { refuseOthersRunning } from '../controls/running-books.ts';
import { readProfile } from '../stack/profile.ts';
import { ownPlace } from '../stack/stack-place.ts';
import { profitOfDay } from './account-view.ts';
import { unknownFees } from './fees-view.ts';
import { askHealth } from './services.ts';
import { viewStacks } from './stacks-view.ts';
import { viewStanding } from './standing-view.ts';
import { lookAtTemporal } from './temporal-view.ts';
import { viewWatching } from './watchers.ts';

const FIGURES_MS = 30 * 86_400_000;

export interface StatusSources {
  configuration: Configuration;
  journal(): Promise<Journal>;
  temporal(): Promise<Client>;
}

/** What runs, how trading stands, and what is not well. */
export async function viewStatus(sources: StatusSources) {
  const { configuration, journal } = sources;
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
    leftOut,
  ] = await Promise.all([
    lookAtTemporal(sources),
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
    books.byHand.leftOut(account, Date.now()),
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
    leftOut,
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
