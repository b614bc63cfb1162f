import { Command } from 'commander';
import { registerAgents } from './commands/agents.ts';
import { registerAudit } from './commands/audit.ts';
import { registerBackup } from './commands/backup.ts';
import { registerControl } from './commands/control.ts';
import { registerCycles } from './commands/cycles.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerExport } from './commands/export.ts';
import { registerIncidents } from './commands/incident.ts';
import { registerLive } from './commands/live.ts';
import { registerLogs } from './commands/logs.ts';
import { registerModels } from './commands/models.ts';
import { registerOrders } from './commands/orders.ts';
import { registerPaper } from './commands/paper.ts';
import { registerPolicy } from './commands/policy.ts';
import { registerPortfolio } from './commands/portfolio.ts';
import { registerReplay } from './commands/replay.ts';
import { registerReport } from './commands/report.ts';
import { registerRisk } from './commands/risk.ts';
import { registerSchedule } from './commands/schedule.ts';
import { registerStatus } from './commands/status.ts';
import { registerUp } from './commands/up.ts';
import { registerWarehouse } from './commands/warehouse.ts';

/** Every command, with its help. */
export function createProgram(): Command {
  const program = new Command('sapphire')
    .description('Autonomous crypto trading on Temporal whose every step survives a crash.')
    .version('0.1.0')
    .exitOverride()
    .showHelpAfterError('(add --help for the options)')
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not configured, 4 not allowed, 5 refused, 6 unhealthy, 130 interrupted.
Every command takes --json; logs and progress go to stderr.

Examples:
  sapphire up                       start everything and trade
  sapphire cycle run                one cycle now
  sapphire cycle show ID            why it did what it did
  sapphire risk show                where the account stands against its limits
  sapphire stop --reason "..."      emergency stop`,
    );

  registerUp(program);
  registerCycles(program);
  registerSchedule(program);
  registerControl(program);
  registerAgents(program);
  registerPolicy(program);
  registerReplay(program);
  registerRisk(program);
  registerPortfolio(program);
  registerOrders(program);
  registerReport(program);
  registerWarehouse(program);
  registerExport(program);
  registerModels(program);
  registerAudit(program);
  registerBackup(program);
  registerLive(program);
  registerStatus(program);
  registerIncidents(program);
  registerLogs(program);
  registerDoctor(program);
  registerPaper(program);

  return program;
}
