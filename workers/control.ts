import { randomUUID } from 'node:crypto';
import { keepControl, refuseSilentControl } from '../activities/control/ensure.ts';
import { createControlActivities } from '../activities/control/index.ts';
import { createOriginCheck } from '../activities/control/last-run.ts';
import { createProtectionActivities } from '../activities/protection/index.ts';
import { createReconcileActivities } from '../activities/reconcile/index.ts';
import { limitFaults } from '../contracts/config/limit-faults.ts';
import { refusesForeignStarts } from '../contracts/config/schema.ts';
import { FORMER_QUEUE, TaskQueue } from '../contracts/task-queues.ts';
import { scheduleId } from '../contracts/workflow-ids.ts';
import { claimOf } from '../runtime/configuration/claim.ts';
import { createPasses } from '../runtime/guard/passes.ts';
import { renewSchedules } from '../runtime/guard/schedules.ts';
import { beginRounds, type SteadyRounds } from '../runtime/telemetry/steady-rounds.ts';
import { openJournal } from '../stores/journal/open.ts';
import { bindBooks } from '../trading/control/bind-account.ts';
import { refuseUnlisted } from '../trading/control/refuse-unlisted.ts';
import { createIngest } from '../trading/reconcile/ingest.ts';
import { marketSpeed, refuseUnfitKeys, tradingAccess } from '../venues/access.ts';
import { openVenue } from '../venues/open.ts';
import { watchBooks } from './book-watch.ts';
import { haltOnStrangers, startIngestor } from './ingestor.ts';
import { runRole } from './role.ts';
import { endFormerAskings, ensureRounds, restoreRounds, roundIds } from './rounds.ts';
import { workflowBundle } from './workflow-bundle.ts';

await runRole('control', async ({ configuration, secrets, client, logger }) => {
  const journal = await openJournal(configuration);
  const venue = openVenue(tradingAccess(configuration, secrets));
  await refuseUnfitKeys(configuration, venue);
  const trading = await venue.trading();
  await bindBooks({ journal, trading, configuration, logger }, 'workers/control');
  for (const fees of await journal.ledger.settleEarlierFees(configuration.account))
    logger.warn(fees, fees.settled ? 'fees of an earlier release left a position' : 'a position is above its balance');
  await refuseUnlisted(configuration, trading, journal);
  // The first's alone: one that joined and was left on another configuration would put back a limit that was lowered. Where nothing is in force yet, the
  // two have just agreed.
  const isFirst = claimOf()?.kind !== 'joined';
  if (isFirst || (await journal.risk.changes(configuration.account, 1)).length === 0)
    await journal.risk.adopt(configuration.account, configuration.risk);
  const limits = (await journal.risk.read(configuration.account)).settings;
  for (const fault of limitFaults(limits, configuration))
    logger.warn(
      { fault },
      'a limit in force breaks a rule of this release, and stays until "./sapphire risk set" changes it',
    );
  // The opening balance of the paper account, booked once: from here on only fills change the books.
  if (configuration.mode === 'paper') {
    const { account, currency, paperBalance } = configuration;
    await journal.ledger.transfer({
      reference: `paper-opening/${account}`,
      account,
      asset: currency,
      amount: paperBalance,
      value: paperBalance,
      at: Date.now(),
    });
  }
  const { account, symbols, protection } = configuration;
  const passes = createPasses(secrets.guardSecret);
  const isOurs = createOriginCheck({ passes, client, refuses: refusesForeignStarts(configuration) });
  if ((await keepControl({ client, journal, isOurs }, account, { anyRelease: false })) === 'replaced')
    logger.warn('trading control of another release, or of nobody of this installation, was replaced');
  let rounds: SteadyRounds | undefined;
  const ingest = createIngest({
    journal,
    trading,
    account,
    symbols,
    holder: `${process.pid}/${randomUUID()}`,
    onStrangers: haltOnStrangers({ journal, client, logger }, account),
    onStep: () => rounds?.moved(),
    logger,
  });
  const speed = marketSpeed(configuration);
  // One that joins finds them, and takes its turn at their rounds.
  if (isFirst) {
    const queues = [TaskQueue.control, TaskQueue.cycles] as const;
    const schedules = [scheduleId(account), ...queues.flatMap((queue) => roundIds(configuration, speed, queue))];
    const renewed = await renewSchedules(client, passes, schedules);
    if (renewed.length > 0) logger.warn({ renewed }, 'schedules from before this installation’s secret were made anew');
    for (const queue of queues) await ensureRounds(client, configuration, speed, queue);
    await endFormerAskings(client, configuration);
  }
  const restoreSchedules = (): Promise<string[]> => restoreRounds(client, configuration, speed);
  rounds = beginRounds('the reading of trades');
  const ingestor = startIngestor({ ingest, journal, client, configuration, logger, rounds });
  const stream = venue.stream({ onEvent: ingestor.wake, logger });
  const stopWatching = watchBooks(journal, configuration, logger);

  const worker = {
    workflowBundle: await workflowBundle(secrets),
    activities: {
      ...createControlActivities({ journal, trading, client, account, logger }),
      ...createReconcileActivities({
        journal,
        trading,
        prices: await venue.prices(),
        client,
        configuration,
        ingest,
        isOurs,
        restoreSchedules,
        logger,
      }),
      ...createProtectionActivities({
        journal,
        trading: { ...trading, touch: await venue.watchedTouches() },
        settings: protection.enabled ? protection : undefined,
        logger,
      }),
    },
    // The exits of fifty positions are asked every ten seconds whether they answer, and the latch beside them.
    maxCachedWorkflows: 80,
    stickyQueueScheduleToStartTimeout: '500ms' as const,
  };
  // Exits that the last release began go on where they are, until they move here.
  const query = `TaskQueue = '${FORMER_QUEUE}' AND WorkflowType = 'protectPosition' AND ExecutionStatus = 'Running'`;
  const { count: leftOver } = await client.workflow.count(query);
  if (leftOver > 0) logger.warn({ leftOver }, 'protective exits of the last release are served until they have moved');
  const queues = [TaskQueue.control, ...(leftOver > 0 ? [FORMER_QUEUE] : [])];

  return {
    books: journal,
    workers: queues.map((taskQueue) => ({ ...worker, taskQueue })),
    ready: {
      journal: () => journal.check(),
      exchange: async () => void (await trading.exchangeTime()),
      control: () => refuseSilentControl(client),
    },
    close: async () => {
      stopWatching();
      stream.close();
      await ingestor.close();
      await journal.close();
    },
  };
});
