import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { ExitCode } from '../../../contracts/errors.ts';
import { healthEndpoints } from '../../../runtime/configuration/addresses.ts';
import { cacheFolder, dataFolder } from '../../../runtime/configuration/folders.ts';
import { configurationFile } from '../../../runtime/configuration/load.ts';
import { askGuards } from '../../controls/guards.ts';
import { refuseExposure } from '../../controls/live/exposure.ts';
import { surroundings } from '../../controls/live/readiness.ts';
import { refuseOpenTemporal } from '../../controls/live/temporal-guard.ts';
import { readProfile } from '../../stack/profile.ts';
import { calleesLine, calleesOf, uncalled } from '../../stack/receivers.ts';
import { askHealth } from '../../views/services.ts';
import { viewWatching } from '../../views/watchers.ts';
import { action } from '../command.ts';
import { type CliContext, connectTemporal } from '../context.ts';
import { type OutputOptions, print } from '../output.ts';
import { table } from '../table.ts';

const tones = { ok: 'good', note: 'caution', fault: 'bad' } as const;

interface Finding {
  check: string;
  result: 'ok' | 'note' | 'fault';
  detail: string;
}

const run = promisify(execFile);

const ok = (detail: string): Omit<Finding, 'check'> => ({ result: 'ok', detail });
const note = (detail: string): Omit<Finding, 'check'> => ({ result: 'note', detail });

function checks({
  configuration,
  secrets,
  journal,
}: CliContext): Record<string, () => Promise<Omit<Finding, 'check'>>> {
  return {
    node: async () => ok(`version ${process.version}`),
    python: async () =>
      run('python3', ['--version']).then(
        ({ stdout }) => ok(stdout.trim()),
        () => note('python3 is not on PATH; it is needed once, to fetch Temporal where nothing else provides it'),
      ),
    configuration: async () =>
      ok(`${configurationFile()}, profile ${configuration.profile}, mode ${configuration.mode}`),
    stack: async () => ok(`temporal-dev.yml, namespace ${readProfile().temporal.namespace}`),
    folders: async () => {
      for (const folder of [dataFolder(), cacheFolder()]) accessSync(folder, constants.W_OK);
      return ok(`${dataFolder()} and ${cacheFolder()} can be written`);
    },
    journal: async () => {
      await (await journal()).check();
      return ok('can be written');
    },
    temporal: async () =>
      connectTemporal().then(
        async ({ connection }) => {
          await connection.close();
          return ok('answers');
        },
        () => note('not running; "npm start" starts it'),
      ),
    guards: async () => {
      const client = await connectTemporal().catch(() => undefined);
      if (!client) return note('nobody to ask while Temporal is not running');
      try {
        const silent = (await askGuards(client, configuration.account)).filter(({ answers }) => !answers);
        if (silent.length === 0) return ok('the emergency stop and the exits of every holding answer');
        throw new Error(silent.map(({ workflowId, detail }) => `${workflowId} does not answer: ${detail}`).join('; '));
      } finally {
        await client.connection.close();
      }
    },
    services: async () => {
      const health = await Promise.all(healthEndpoints(configuration).map(askHealth));
      const down = health.filter(({ healthy }) => !healthy).map(({ name }) => name);
      return down.length === 0 ? ok('all answer') : note(`not running or not well: ${down.join(', ')}`);
    },
    alerts: async () => {
      const running = await viewWatching(readProfile().observability.ports, []);
      // Of a stack that runs, whom its Alertmanager calls; else whom the next one would, by what is set here.
      const callees = running && running.watchers.length > 0 ? running.callees : calleesOf();
      const unwatched = running?.watchers.length === 0 ? ['the stack that runs has no --observe'] : [];
      const faults = [...unwatched, ...uncalled(callees)];
      return faults.length > 0 ? note(faults.join('; ')) : ok(calleesLine(callees));
    },
    access: async () => {
      const { temporal, ownTemporal, machine } = surroundings();
      const warnings = refuseExposure(configuration, ownTemporal);
      if (warnings.length > 0) return note(warnings.join(' '));
      const isLive = configuration.mode === 'live';
      return ok(isLive ? refuseOpenTemporal(temporal, machine) : 'everything listens on loopback alone');
    },
    keys: async () => {
      const missing = [
        ...(secrets.deepseekApiKey ? [] : ['deepseek (DEEPSEEK_API_KEY)']),
        ...(secrets.qwenApiKey ? [] : ['qwen (DASHSCOPE_API_KEY)']),
      ];
      return missing.length === 0 ? ok('given') : note(`these agents abstain without a key: ${missing.join(', ')}`);
    },
  };
}

export function registerDoctor(program: Command): void {
  action<OutputOptions>(
    program.command('doctor').description('what this machine and configuration have and lack; exit code 6 on a fault'),
    async (context, options) => {
      const findings: Finding[] = [];
      for (const [check, look] of Object.entries(checks(context))) {
        const finding = await look().catch((error: unknown) => ({
          result: 'fault' as const,
          detail: error instanceof Error ? error.message : String(error),
        }));
        findings.push({ check, ...finding });
      }
      print(findings, options, () =>
        table(
          ['check', 'result', 'detail'],
          findings.map(({ check, result, detail }) => [check, { text: result, tone: tones[result] }, detail]),
        ),
      );
      return findings.some(({ result }) => result === 'fault') ? ExitCode.unhealthy : ExitCode.ok;
    },
  );
}
