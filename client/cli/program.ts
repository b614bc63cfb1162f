import { Command } from 'commander';
import { completeHelp, useOwnHelp } from './help.ts';

interface Area {
  names: readonly string[];
  load(): Promise<(program: Command) => void>;
}

/** In the order of the help. */
const areas: readonly Area[] = [
  { names: ['up'], load: async () => (await import('./commands/up.ts')).registerUp },
  { names: ['cycle'], load: async () => (await import('./commands/cycles.ts')).registerCycles },
  { names: ['schedule'], load: async () => (await import('./commands/schedule.ts')).registerSchedule },
  { names: ['stop', 'resume'], load: async () => (await import('./commands/control.ts')).registerControl },
  { names: ['agents'], load: async () => (await import('./commands/agents.ts')).registerAgents },
  { names: ['policy'], load: async () => (await import('./commands/policy.ts')).registerPolicy },
  { names: ['replay'], load: async () => (await import('./commands/replay.ts')).registerReplay },
  { names: ['risk'], load: async () => (await import('./commands/risk.ts')).registerRisk },
  { names: ['portfolio'], load: async () => (await import('./commands/portfolio.ts')).registerPortfolio },
  { names: ['position', 'symbol'], load: async () => (await import('./commands/by-hand.ts')).registerByHand },
  { names: ['orders'], load: async () => (await import('./commands/orders.ts')).registerOrders },
  { names: ['trades'], load: async () => (await import('./commands/trades.ts')).registerTrades },
  {
    names: ['mm'],
    load: async () => (await import('./commands/market-making.ts')).registerMarketMaking,
  },
  { names: ['report'], load: async () => (await import('./commands/report.ts')).registerReport },
  { names: ['warehouse'], load: async () => (await import('./commands/warehouse.ts')).registerWarehouse },
  { names: ['export'], load: async () => (await import('./commands/export.ts')).registerExport },
  { names: ['models'], load: async () => (await import('./commands/models.ts')).registerModels },
  { names: ['audit'], load: async () => (await import('./commands/audit.ts')).registerAudit },
  { names: ['backup'], load: async () => (await import('./commands/backup.ts')).registerBackup },
  { names: ['reconcile'], load: async () => (await import('./commands/reconcile.ts')).registerReconcile },
  { names: ['restore'], load: async () => (await import('./commands/restore.ts')).registerRestore },
  {
    names: ['allow-ui', 'temporal'],
    load: async () => (await import('./commands/access.ts')).registerAccess,
  },
  { names: ['live'], load: async () => (await import('./commands/live.ts')).registerLive },
  { names: ['status'], load: async () => (await import('./commands/status.ts')).registerStatus },
  { names: ['incident'], load: async () => (await import('./commands/incident.ts')).registerIncidents },
  { names: ['config'], load: async () => (await import('./commands/config.ts')).registerConfig },
  { names: ['codec'], load: async () => (await import('./commands/codec.ts')).registerCodec },
  { names: ['logs'], load: async () => (await import('./commands/logs.ts')).registerLogs },
  { names: ['doctor'], load: async () => (await import('./commands/doctor.ts')).registerDoctor },
  { names: ['paper'], load: async () => (await import('./commands/paper.ts')).registerPaper },
];

/** With the command that is asked for, so that a stop does not wait for the code of all others to load; without one with every command. */
export async function createProgram(asked?: string): Promise<Command> {
  const program = new Command('./sapphire')
    .description('Autonomous crypto trading on Temporal whose every step survives a crash.')
    .version('0.1.0')
    .exitOverride()
    .enablePositionalOptions()
    // What is wrong with what was typed is told once, by whoever runs the program: run.ts.
    .configureOutput({ outputError: () => undefined })
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not configured, 4 not allowed,
5 refused, 6 unhealthy, 130 interrupted. Every command takes --json, with which
a fault is the last line of stdout; logs and progress go to stderr.

Examples:
  ./sapphire up                   start everything and trade
  ./sapphire cycle run            one cycle now
  ./sapphire cycle show ID        why it did what it did
  ./sapphire risk show            where the account stands against its limits
  ./sapphire stop --reason "..."  emergency stop`,
    );

  useOwnHelp(program);
  const named = areas.filter(({ names }) => asked !== undefined && names.includes(asked));
  for (const { load } of named.length > 0 ? named : areas) (await load())(program);
  for (const command of program.commands) completeHelp(command);
  return program;
}
