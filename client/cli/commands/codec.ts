import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Command } from 'commander';
import { payloadKeysIn, payloadKeyText } from '../../../contracts/config/payload-keys.ts';
import { UserError } from '../../../contracts/errors.ts';
import { startCodecServer } from '../../../runtime/codec-server.ts';
import { dataFolder } from '../../../runtime/configuration/folders.ts';
import { keptSecret } from '../../../runtime/configuration/private-file.ts';
import { knownSecrets, secretVariables, storeSecrets } from '../../../runtime/configuration/secrets.ts';
import { createPayloadCodec } from '../../../runtime/payload-codec.ts';
import { onShutdown } from '../../../runtime/telemetry/process.ts';
import { readProfile } from '../../stack/profile.ts';
import { runningIn } from '../../stack/running.ts';
import { action, wholeNumber } from '../command.ts';
import { type OutputOptions, print } from '../output.ts';

const VARIABLE = secretVariables.payloadKeys;
const PORT = 8234;

/** Its id says when it was made, and nothing else. */
function newKey(): { id: string; key: string } {
  const id = `${new Date().toISOString().slice(0, 10)}-${randomBytes(2).toString('hex')}`;
  return { id, key: payloadKeyText(id, randomBytes(32)) };
}

/** Before those that are kept, which go on reading what they wrote. */
function keep(key: string): string[] {
  if (process.env[VARIABLE] || process.env[`${VARIABLE}_FILE`]) {
    throw new UserError(
      'PayloadKeysInEnvironment',
      `The keys come from ${VARIABLE} here, which overrules what is kept: leave out --keep, and put the new key there before the others.`,
    );
  }
  const running = runningIn(dataFolder());
  if (running) {
    throw new UserError(
      'StillRunning',
      `Sapphire runs in ${running.folder} (process ${running.pid}) and has no such key: nothing that a command sent from now on would be understood there. Stop it, make the key, and start it again.`,
    );
  }
  const { payloadKeys } = knownSecrets();
  const all = [key, ...(payloadKeys === undefined ? [] : [payloadKeys])].join(',');
  storeSecrets({ payloadKeys: all });
  return payloadKeysIn(all).map(({ id }) => id);
}

/** The pages that may ask: Temporal's Web UI of the stack, and those that are named. */
function originsOf(named: readonly string[]): string[] {
  const { host, ports } = readProfile().temporal;
  return [...new Set([host, '127.0.0.1', 'localhost'])].map((name) => `http://${name}:${ports.ui}`).concat(named);
}

export function registerCodec(program: Command): void {
  const codec = program.command('codec').description('encryption of what Temporal keeps: docs/security.md');

  action<OutputOptions & { keep?: boolean }>(
    codec
      .command('new-key')
      .description('a new key of the payload codec; printed once, unless it is kept')
      .option(
        '--keep',
        'put it before the keys of the data folder, for every process and command that uses this folder',
      )
      .addHelpText('after', '\nExamples:\n  ./sapphire codec new-key --keep\n  ./sapphire codec new-key --json'),
    async (_context, options) => {
      const { id, key } = newKey();
      if (options.keep) {
        const ids = keep(key);
        print({ id, kept: true, ids }, options, () => [
          `${id} encrypts from the next start on; ${ids.length} keys decrypt`,
          'Restart every process; a forecaster elsewhere needs the same keys.',
        ]);
        return;
      }
      print({ id, key }, options, () => [
        key,
        `Give it to every process in ${VARIABLE}, before the keys that are there, with a comma between:`,
        'the first one encrypts, all of them decrypt. What it has encrypted is lost with it.',
      ]);
    },
  );

  action<OutputOptions & { port: number; origin: string[] }>(
    codec
      .command('serve')
      .description('decodes for the Web UI and the command line of Temporal, on this machine alone, until Ctrl-C')
      .option('--port <n>', 'where it listens on loopback', wholeNumber('--port', 1, 65_535), PORT)
      .option(
        '--origin <url>',
        'another Web UI that may ask, e.g. https://cloud.temporal.io; repeatable',
        (url: string, before: string[]) => [...before, new URL(url).origin],
        [],
      )
      .addHelpText('after', '\nExample:\n  ./sapphire codec serve'),
    async ({ secrets: { payloadKeys } }, options) => {
      if (payloadKeys === undefined) {
        throw new UserError(
          'PayloadKeysMissing',
          `There is no key to decode with: make one with "./sapphire codec new-key --keep", or set ${VARIABLE}.`,
        );
      }
      const token = keptSecret(join(dataFolder(), 'codec.token'));
      const origins = originsOf(options.origin);
      const server = await startCodecServer({
        port: options.port,
        codec: createPayloadCodec(payloadKeysIn(payloadKeys)),
        token,
        origins,
      });
      onShutdown(() => server.close());
      const endpoint = `${server.url}/${token}`;
      print({ endpoint, origins }, options, () => [
        `endpoint ${endpoint}`,
        `Web UI   its menu of data encoding takes the endpoint (${origins.join(', ')})`,
        `CLI      temporal workflow show --workflow-id ID --codec-endpoint ${endpoint}`,
      ]);
      await new Promise(() => {});
    },
  );
}
