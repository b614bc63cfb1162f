import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimBooks } from '../../client/stack/claim.ts';
import { refuseOtherTerms, refuseSilentExchange, refuseUnfitToJoin, stackToJoin } from '../../client/stack/join.ts';
import { perMachine, sharedConfiguration } from '../../client/stack/shared-configuration.ts';
import { checksOf } from '../../client/stack/stack-place.ts';
import { refuseWarehouseElsewhere } from '../../client/stack/warehouse-elsewhere.ts';
import { configurationSchema } from '../../contracts/config/schema.ts';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import type { Stack, StackPlace, StackTerms } from '../../stores/journal/books/stacks.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { openSqliteJournal } from '../../stores/journal/sqlite/journal.ts';
import { PAPER, temporaryFolder } from '../support/books.ts';
import { takenPort } from './harness.ts';

const GUARD = 'g'.repeat(32);
const TOKEN = 'c'.repeat(16);
const paperSecrets = {
  journalUrl: 'postgres://u:p@h/d',
  guardSecret: GUARD,
  coordinatorToken: TOKEN,
  paperApiKey: 'k',
  paperSecret: 's',
};
const configured = (changes: object = {}): string => sharedConfiguration(configurationSchema.parse(changes));
const terms: StackTerms = {
  namespace: 'n',
  build: 'b',
  configuration: configured(),
  ...checksOf({ guardSecret: GUARD, coordinatorToken: TOKEN }),
};
const place = (stackId: string): StackPlace => ({
  stackId,
  machine: stackId,
  host: `${stackId}.example`,
  folder: `/${stackId}`,
});
const stack: Stack & { terms: StackTerms } = {
  ...place('one'),
  fence: 1,
  kind: 'first',
  terms,
  startedAt: 0,
  heardAt: 0,
  leftMs: 1,
};

/** The refusal's code, and its words. */
function refusal(work: () => unknown): [code: string, words: string, exitCode: number] {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return [error.code, error.message, error.exitCode];
    throw error;
  }
  throw new Error('it was not refused');
}

describe('what a machine needs that joins', () => {
  beforeEach(() => {
    process.env['TEMPORAL_ADDRESS'] = 'temporal.example:7233';
  });
  afterEach(() => {
    delete process.env['TEMPORAL_ADDRESS'];
  });

  it('is enough as the docs have it', () => {
    refuseUnfitToJoin({ mode: 'paper' }, paperSecrets);
    const { paperApiKey: _key, paperSecret: _secret, ...live } = paperSecrets;
    refuseUnfitToJoin({ mode: 'live' }, { ...live, exchangeApiKey: 'k', exchangeSecret: 's' });
  });

  it('is PostgreSQL', () => {
    const { journalUrl: _url, ...others } = paperSecrets;
    expect(refusal(() => refuseUnfitToJoin({ mode: 'paper' }, others))).toEqual([
      'JoinNeedsPostgres',
      expect.stringContaining('A file of SQLite serves one machine'),
      ExitCode.refused,
    ]);
  });

  it('is the first’s Temporal', () => {
    delete process.env['TEMPORAL_ADDRESS'];
    expect(refusal(() => refuseUnfitToJoin({ mode: 'paper' }, paperSecrets))[0]).toBe('JoinNeedsTemporal');
  });

  it.each([
    ['paper', 'guardSecret', 'SAPPHIRE_GUARD_SECRET'],
    ['paper', 'coordinatorToken', 'SAPPHIRE_COORDINATOR_TOKEN'],
    ['paper', 'paperApiKey', 'SAPPHIRE_PAPER_API_KEY'],
    ['paper', 'paperSecret', 'SAPPHIRE_PAPER_SECRET'],
  ] as const)('is, on %s, %s', (mode, name, variable) => {
    const [code, words] = refusal(() => refuseUnfitToJoin({ mode }, { ...paperSecrets, [name]: undefined }));
    expect([code, words]).toEqual(['SecretsMissing', expect.stringContaining(`${variable}: its secrets.json`)]);
  });

  it('is, with real money, the keys of the exchange', () => {
    expect(refusal(() => refuseUnfitToJoin({ mode: 'live' }, paperSecrets))[1]).toContain(
      'SAPPHIRE_EXCHANGE_API_KEY, SAPPHIRE_EXCHANGE_SECRET',
    );
  });
});

it('the exchange of the first has to be reached, on paper alone', async () => {
  const { port, close } = await takenPort();
  await close();
  const paperExchange = { ...configurationSchema.parse({}).paperExchange, port };
  await expect(refuseSilentExchange({ mode: 'paper', paperExchange })).rejects.toMatchObject({
    code: 'ExchangeUnreachable',
    message: expect.stringContaining(`http://127.0.0.1:${port} (connect ECONNREFUSED`),
  });
  await refuseSilentExchange({ mode: 'live', paperExchange });
});

describe('two machines on the same books', () => {
  it('agree', () => {
    refuseOtherTerms(terms, stack);
  });

  it.each<[what: string, changes: Partial<StackTerms>, code: string, words: string]>([
    ['another namespace', { namespace: 'm' }, 'OtherNamespace', 'TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE'],
    [
      'another guard secret',
      checksOf({ guardSecret: 'h'.repeat(32), coordinatorToken: TOKEN }),
      'OtherInstallation',
      'SAPPHIRE_GUARD_SECRET',
    ],
    [
      'another token of the coordinator',
      checksOf({ guardSecret: GUARD, coordinatorToken: 'd'.repeat(16) }),
      'OtherInstallation',
      'SAPPHIRE_COORDINATOR_TOKEN here and at',
    ],
    [
      'a key to payloads where the first has none',
      checksOf({ guardSecret: GUARD, coordinatorToken: TOKEN, payloadKeys: 'one:AAAA' }),
      'OtherInstallation',
      'SAPPHIRE_PAYLOAD_KEYS',
    ],
    [
      'other limits',
      { configuration: configured({ risk: { maxDailyLoss: 0.01 } }) },
      'ConfigurationDiffers',
      'risk.maxDailyLoss: 0.01 here, 0.05 there',
    ],
    [
      'other symbols',
      { configuration: configured({ symbols: ['BTC/USDT'] }) },
      'ConfigurationDiffers',
      'symbols: ["BTC/USDT"] here, ["BTC/USDT","ETH/USDT"] there',
    ],
    [
      'a barrier that one lacks',
      { configuration: configured({ protection: { takeProfit: 0.06, timeLimitMinutes: 720 } }) },
      'ConfigurationDiffers',
      'protection.stopLoss: not set here, 0.03 there',
    ],
    ['another build', { build: 'c' }, 'BuildDiffers', 'build c, those at one.example, /one'],
  ])('are refused with %s', (_what, changes, code, words) => {
    expect(refusal(() => refuseOtherTerms({ ...terms, ...changes }, stack))).toEqual([
      code,
      expect.stringContaining(words),
      ExitCode.refused,
    ]);
  });

  it('agree where one of them is of a release that did not tell its token', () => {
    const { coordinatorCheck: _check, ...earlier } = terms;
    refuseOtherTerms(terms, { ...stack, terms: earlier });
  });

  it('are refused without the key to payloads that the first has', () => {
    const sealed = {
      ...stack,
      terms: { ...terms, ...checksOf({ guardSecret: GUARD, coordinatorToken: TOKEN, payloadKeys: 'one:AAAA' }) },
    };
    const [code, words] = refusal(() => refuseOtherTerms(terms, sealed));
    expect([code, words]).toEqual(['SecretsMissing', expect.stringContaining('SAPPHIRE_PAYLOAD_KEYS')]);
  });

  it('may differ in what is each machine’s own, and in nothing else', () => {
    const own = {
      operationsPort: 9_700,
      logLevel: 'debug',
      coordinator: { host: '10.0.0.2', port: 9_001 },
      paperExchange: { host: '10.0.0.1', port: 9_002 },
      agents: {
        freqtrade: { port: 9_003 },
        hummingbot: { port: 9_004, mqttPort: 9_005 },
        'lag-llama': { checkpoint: '/weights/own.safetensors' },
      },
    };
    expect(configured(own)).toBe(configured());
    for (const path of perMachine) expect(JSON.parse(configured(own))).not.toHaveProperty([path]);
    expect(configured({ ...own, paperExchange: { ...own.paperExchange, takerFeeRate: '0.002' } })).not.toBe(
      configured(),
    );
  });
});

describe('the stack that is joined', () => {
  let journal: Journal;
  beforeEach(async () => {
    journal = await openSqliteJournal(`${temporaryFolder()}/journal.db`, PAPER);
  });
  afterEach(() => journal.close());

  const claim = async (id: string, kind: Stack['kind'], where = place(id)) =>
    claimBooks({
      journal: { ...journal, close: async () => undefined },
      place: where,
      kind,
      severalMachines: true,
      logger: pino({ level: 'silent' }),
      onProgress: () => undefined,
    });

  it('is there', async () => {
    await expect(stackToJoin(journal, place('two'))).rejects.toMatchObject({ code: 'NothingToJoin' });
    const first = await claim('one', 'first');
    await expect(stackToJoin(journal, place('two'))).rejects.toMatchObject({
      code: 'NothingToJoin',
      message: expect.stringContaining('is still starting'),
    });
    await first.agree(terms);
    expect(await stackToJoin(journal, place('two'))).toMatchObject({ stackId: 'one', terms });
    // No stack joins itself.
    await expect(stackToJoin(journal, place('one'))).rejects.toMatchObject({ code: 'NothingToJoin' });
    // A copy of its folder does, and its claim says what to do about that.
    const copy = { ...place('one'), machine: 'another' };
    expect(await stackToJoin(journal, copy)).toMatchObject({ stackId: 'one', terms });
    await expect(claim('one', 'joined', copy)).rejects.toMatchObject({
      code: 'HeldElsewhere',
      message: expect.stringContaining('remove stack-id in /one to make it a stack of its own'),
    });
    await first.close();
    await expect(stackToJoin(journal, place('two'))).rejects.toMatchObject({ code: 'NothingToJoin' });
  });

  it('is one of those that had joined, where the first is down', async () => {
    const joined = await claim('two', 'joined');
    await joined.agree(terms);
    expect(await stackToJoin(journal, place('three'))).toMatchObject({ stackId: 'two' });
    await joined.close();
  });

  it('keeps a second first from the books, with who it is and what to do', async () => {
    const first = await claim('one', 'first');
    await expect(claim('two', 'first')).rejects.toMatchObject({
      code: 'HeldElsewhere',
      exitCode: ExitCode.refused,
      message: expect.stringMatching(
        /another stack \(one\.example, \/one, since .* UTC\): stop it there, share its work with "npm start -- --join", or, .* in (24|25) s\.$/,
      ),
    });
    await first.close();
    await (await claim('two', 'first')).close();
  });

  it('says to whoever was left on another namespace where the books are', async () => {
    const joined = await claim('two', 'joined');
    await joined.agree(terms);
    const first = await claim('one', 'first');
    await expect(first.agree({ ...terms, namespace: 'm' })).rejects.toMatchObject({
      code: 'OtherNamespace',
      message: expect.stringContaining('two.example, /two'),
    });
    await first.close();
    await joined.close();
  });

  it.each([
    [
      'ConfigurationDiffers',
      { configuration: configured({ risk: { maxOrderNotional: '500' } }) },
      'risk.maxOrderNotional: "500" here',
    ],
    [
      'OtherInstallation',
      checksOf({ guardSecret: 'h'.repeat(32), coordinatorToken: TOKEN }),
      'SAPPHIRE_GUARD_SECRET here and at two.example',
    ],
  ])('refuses a first as %s while one that had joined lives', async (code, changes, words) => {
    const joined = await claim('two', 'joined');
    await joined.agree(terms);
    const first = await claim('one', 'first');
    const refused = await first.agree({ ...terms, ...changes }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code, exitCode: ExitCode.refused, message: expect.stringContaining(words) });
    expect(refused).toMatchObject({ message: expect.stringContaining('or stop those that joined first.') });
    await joined.close();
    await first.agree({ ...terms, ...changes });
    await first.close();
  });

  it('stays with a first that slept and woke before another was up', async () => {
    const sleeper = await journal.stacks.claim({ ...place('one'), kind: 'first' }, 2_000);
    if (!('held' in sleeper)) throw new Error('it was refused');
    await sleep(2_100);
    const second = await claim('two', 'first');
    expect(await journal.stacks.renew(sleeper.held)).toBe(true);
    await expect(second.agree(terms)).rejects.toMatchObject({ code: 'HeldElsewhere' });
    await second.close();
    expect(await journal.stacks.renew(sleeper.held)).toBe(true);
    await journal.stacks.release(sleeper.held);
  });

  it('is not taken by a copy of its folder that came while it slept and woke before that one was up', async () => {
    const sleeper = await journal.stacks.claim({ ...place('one'), kind: 'joined' }, 2_000);
    if (!('held' in sleeper)) throw new Error('it was refused');
    await sleep(2_100);
    const copy = await claim('one', 'joined', { ...place('one'), folder: '/copy' });
    expect(await journal.stacks.renew(sleeper.held)).toBe(true);
    await expect(copy.agree(terms)).rejects.toMatchObject({
      code: 'HeldElsewhere',
      message: expect.stringContaining('remove stack-id in /copy to make it a stack of its own'),
    });
    await copy.close();
    expect(await journal.stacks.renew(sleeper.held)).toBe(true);
    await journal.stacks.release(sleeper.held);
  });

  it('ends also where its books do not answer any more', { timeout: 20_000 }, async () => {
    const stacks = { ...journal.stacks, release: () => new Promise<void>(() => {}) };
    const deaf = await claimBooks({
      journal: { stacks, close: async () => undefined },
      place: place('one'),
      kind: 'first',
      severalMachines: true,
      logger: pino({ level: 'silent' }),
      onProgress: () => undefined,
    });
    await deaf.close();
    expect(await journal.stacks.list()).toHaveLength(1);
  });

  it('alone has the warehouse', async () => {
    await refuseWarehouseElsewhere(journal, place('two'));
    const first = await claim('one', 'first');
    const joined = await claim('two', 'joined');
    await refuseWarehouseElsewhere(journal, place('one'));
    await refuseWarehouseElsewhere(journal, undefined);
    await refuseWarehouseElsewhere(journal, { ...place('two'), folder: '/copy' });
    await expect(refuseWarehouseElsewhere(journal, place('two'))).rejects.toMatchObject({
      code: 'WarehouseElsewhere',
      message: expect.stringContaining('one.example, /one, since'),
    });
    await joined.close();
    await first.close();
  });

  it('ends when another claim has taken its place', async () => {
    const first = await claim('one', 'first');
    const again = await claim('one', 'first');
    await expect(first.agree(terms)).rejects.toMatchObject({ code: 'BooksTaken' });
    await first.close();
    await again.agree(terms);
    await again.close();
  });
});
