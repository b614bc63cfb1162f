import { configuredParticipation, configuredPolicy } from '../../contracts/config/schema.ts';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import { loadConfiguration } from '../../runtime/configuration/load.ts';
import { loadSecrets, secretValues } from '../../runtime/configuration/secrets.ts';
import { createLogger } from '../../runtime/telemetry/logger.ts';
import { announceReady, onShutdown } from '../../runtime/telemetry/process.ts';
import { startTracing } from '../../runtime/telemetry/trace-export.ts';
import { openJournal } from '../../stores/journal/open.ts';
import { openMarketBuffer } from '../../stores/market-buffer/open.ts';
import { outliveConnections } from '../door.ts';
import { startCoordinator } from './server.ts';

async function main(): Promise<void> {
  const configuration = loadConfiguration();
  const secrets = loadSecrets();
  const logger = createLogger({
    process: 'services/mcp-coordinator',
    level: configuration.logLevel,
    secrets: secretValues(secrets),
  });
  outliveConnections(logger);
  const { mode } = configuration;
  const stopTracing = await startTracing({ process: 'mcp-coordinator', mode, secrets: secretValues(secrets), logger });
  const journal = await openJournal(configuration);
  await journal.participation.seed(configuredParticipation(configuration));
  await journal.policy.adopt(configuration.account, configuredPolicy(configuration));
  const snapshots = await openMarketBuffer(configuration, journal.id);
  const coordinator = await startCoordinator({
    ...configuration.coordinator,
    token: secrets.coordinatorToken,
    journal,
    snapshots,
    account: configuration.account,
    symbols: configuration.symbols,
    horizonMs: configuration.cycle.horizonMinutes * 60_000,
    demo: configuration.demo,
    logger,
  });
  onShutdown(async () => {
    await coordinator.close();
    await snapshots.close();
    await journal.close();
    await stopTracing();
  });
  announceReady(coordinator.url);
  logger.info({ url: coordinator.url }, 'ready');
}

// What it makes is its user's alone, whoever starts it.
process.umask(0o077);
try {
  await main();
} catch (error) {
  const message = error instanceof UserError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`${message}\n`);
  process.exitCode = error instanceof UserError ? error.exitCode : ExitCode.failure;
}
