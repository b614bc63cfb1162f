import { loadConfiguration } from '../../contracts/config/load.ts';
import { type Configuration, consensusRules } from '../../contracts/config/schema.ts';
import { loadSecrets, secretValues } from '../../contracts/config/secrets.ts';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import { createLogger } from '../../contracts/telemetry/logger.ts';
import { announceReady, onShutdown } from '../../contracts/telemetry/process.ts';
import type { AgentId } from '../../domain/agents.ts';
import { type AgentParticipation, defaultParticipation, perAgent } from '../../domain/participation.ts';
import { openJournal } from '../../stores/journal/open.ts';
import { startCoordinator } from './server.ts';

/** Who takes part when the journal says nothing yet: what is configured, else the defaults. What was changed since stays. */
function participationDefaults({ participation }: Configuration): Record<AgentId, AgentParticipation> {
  return perAgent((agentId) => participation.agents[agentId] ?? defaultParticipation(agentId));
}

async function main(): Promise<void> {
  const configuration = loadConfiguration();
  const secrets = loadSecrets();
  const logger = createLogger({
    process: 'services/mcp-coordinator',
    level: configuration.logLevel,
    secrets: secretValues(secrets),
  });
  const journal = await openJournal(configuration);
  await journal.participation.seed(participationDefaults(configuration));
  const coordinator = await startCoordinator({
    ...configuration.coordinator,
    token: secrets.coordinatorToken,
    journal,
    rules: consensusRules(configuration),
    logger,
  });
  onShutdown(async () => {
    await coordinator.close();
    await journal.close();
  });
  announceReady(coordinator.url);
  logger.info({ url: coordinator.url }, 'ready');
}

try {
  await main();
} catch (error) {
  const message = error instanceof UserError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`${message}\n`);
  process.exitCode = error instanceof UserError ? error.exitCode : ExitCode.failure;
}
