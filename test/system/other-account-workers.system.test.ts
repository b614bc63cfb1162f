import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { environmentOf } from '../../runtime/configuration/process-environment.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { openSqliteJournal } from '../../stores/journal/sqlite/journal.ts';
import { openVenue } from '../../venues/open.ts';
import { startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';
import { fund, PAPER } from '../support/books.ts';
import { type Ended, end, type Installation, makeInstallation } from '../support/installation.ts';
import { startDevServer } from '../support/temporal.ts';

/** Books of one paper exchange, with workers whose keys and prices are another's: as after a change of a secret or of an address. */
let environment: TestWorkflowEnvironment;
let exchange: TestExchange;
let installation: Installation;
let journal: Journal;

beforeAll(async () => {
  environment = await startDevServer();
  installation = await makeInstallation();
  exchange = await startTestExchange({ port: installation.ports.exchange });
  const { apiKey, secret } = await exchange.account('main', { USDT: '10000' });
  Object.assign(installation.environment, {
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: environment.namespace ?? 'default',
    SAPPHIRE_PAPER_API_KEY: apiKey,
    SAPPHIRE_PAPER_SECRET: secret,
  });
  const data = join(installation.folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  journal = await openSqliteJournal(join(data, 'journal.db'), PAPER);
  await fund(journal, '10000');
  const trading = await openVenue({ venue: 'binance', restUrl: exchange.url, apiKey, secret }).trading();
  const here = await trading.accountIdentity();
  const identity = { ...here, market: 'paper exchange 1000000001', fingerprint: 'a'.repeat(64) };
  await journal.bindings.bind({ account: 'main', identity, by: 'npm start', via: 'system:npm start' });
}, 60_000);
afterAll(async () => {
  await journal.close();
  await exchange.close();
  await environment.teardown();
});

function start(role: string): Promise<Ended> {
  return end(
    spawn(process.execPath, [join(projectFolder, 'workers', `${role}.ts`)], {
      env: { ...environmentOf(`workers/${role}`, installation.environment) },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
}

it.each(['control', 'execution', 'housekeeping', 'cycles'])(
  'the worker %s ends before it writes or sends anything',
  {
    timeout: 90_000,
  },
  async (role) => {
    const told = await journal.outbox.lastSequence();
    const { code, stderr, stdout } = await start(role);
    expect({ code, output: `${stdout}${stderr}` }).toEqual({
      code: 1,
      output: expect.stringMatching(/These books are bound: their account main is one at paper exchange 1000000001/),
    });
    expect(stdout).not.toContain('"ready"');
    expect(await journal.outbox.lastSequence()).toBe(told);
    expect((await journal.ledger.balances('main')).map(({ asset, free }) => [asset, free])).toEqual([
      ['USDT', '10000'],
    ]);
  },
);
