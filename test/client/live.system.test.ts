import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EnableTools, enableLive } from '../../client/controls/live/enable.ts';
import {
  passChecks,
  refuseForeignBooks,
  refuseUnreadyMode,
  type Surroundings,
  startChecks,
} from '../../client/controls/live/readiness.ts';
import { readProfile } from '../../client/stack/profile.ts';
import { ExitCode } from '../../contracts/errors.ts';
import { exchangeUrl } from '../../runtime/configuration/addresses.ts';
import { checkKeys } from '../../runtime/configuration/live.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { exchangeKeys, type Secrets } from '../../runtime/configuration/secrets.ts';
import { openJournal } from '../../stores/journal/open.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { marketAccess, marketSpeed, refuseUnfitKeys, tradingAccess } from '../../venues/access.ts';
import { identityOf } from '../../venues/account-identity.ts';
import { createCcxtClient } from '../../venues/binance/ccxt-client.ts';
import { createCcxtTrading } from '../../venues/binance/ccxt-trading.ts';
import { startTestExchange, type TestExchange } from '../paper-exchange/harness.ts';
import { temporaryFolder, temporaryJournal } from '../support/books.ts';
import { end, makeInstallation } from '../support/installation.ts';
import { restingLeg, sendLeg } from './resting-order.ts';

const SAFE = {
  ipRestrict: true,
  createTime: 1_700_000_000_000,
  enableReading: true,
  enableWithdrawals: false,
  enableInternalTransfer: false,
  permitsUniversalTransfer: false,
  enableSpotAndMarginTrading: true,
};

/** A fake of Binance's GET /sapi/v1/account/apiRestrictions, the one endpoint of the checks that the paper exchange does not serve. */
interface FakePermissions {
  answer: { status: number; body: unknown };
  requests: { path: string; key: string | undefined }[];
  ask(): Promise<unknown>;
  close(): Promise<void>;
}

async function startFakePermissions(): Promise<FakePermissions> {
  const fake = { answer: { status: 200, body: SAFE as unknown }, requests: [] as FakePermissions['requests'] };
  const server: Server = createServer((request, response) => {
    fake.requests.push({
      path: new URL(request.url ?? '', 'http://fake').pathname,
      key: request.headers['x-mbx-apikey']?.toString(),
    });
    response.writeHead(fake.answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(fake.answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = createCcxtClient({ venue: 'binance', apiKey: 'live-key', secret: 'live-secret' });
  const port = (server.address() as AddressInfo).port;
  Object.assign(client.urls['api'] as Record<string, string>, { sapi: `http://127.0.0.1:${port}/sapi/v1` });
  return Object.assign(fake, {
    ask: () => client.sapiGetAccountApiRestrictions() as Promise<unknown>,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}

const paper = parseConfiguration({}, 'the test');
const live = parseConfiguration({ mode: 'live' }, 'the test');
const secrets: Secrets = {
  coordinatorToken: 'token-of-the-coordinator',
  paperAdminToken: 'token-of-the-paper-exchange',
  freqtradeEngineToken: 'token-of-the-engine-beside-it',
  apiToken: 'token-of-the-api',
  webUiToken: 'token-of-the-web-ui',
  guardSecret: 'secret-by-which-our-own-clients-are-known',
  paperApiKey: 'paper-key',
  paperSecret: 'paper-secret',
  exchangeApiKey: 'live-key',
  exchangeSecret: 'live-secret',
};

/** A machine for itself, whatever the one is like that the tests run on. */
const alone = (): Surroundings => ({
  temporal: { address: '127.0.0.1:7233', encrypted: false },
  ownTemporal: readProfile().temporal,
  machine: { user: 'ann', logins: [], strangers: [], services: [] },
});

describe('the exchange of a mode', () => {
  it('is the paper exchange with its own keys, or the venue itself with the keys of the environment', () => {
    expect(tradingAccess(paper, secrets)).toEqual({
      venue: 'binance',
      restUrl: 'http://127.0.0.1:8092',
      apiKey: 'paper-key',
      secret: 'paper-secret',
    });
    expect(tradingAccess(live, secrets)).toEqual({
      venue: 'binance',
      restUrl: undefined,
      apiKey: 'live-key',
      secret: 'live-secret',
    });
    expect(marketAccess(live).restUrl).toBeUndefined();
    expect([exchangeUrl(paper), exchangeUrl(live)]).toEqual(['http://127.0.0.1:8092', undefined]);
    const { urls } = createCcxtClient(tradingAccess(live, secrets));
    expect(urls['api']).toMatchObject({ private: 'https://api.binance.com/api/v3' });
  });

  it('never takes the other mode’s keys', () => {
    const { exchangeApiKey: _key, exchangeSecret: _secret, ...paperOnly } = secrets;
    const { paperApiKey: _paperKey, paperSecret: _paperSecret, ...liveOnly } = secrets;
    expect(() => exchangeKeys(live, paperOnly)).toThrow(/Live mode needs keys.*SAPPHIRE_EXCHANGE_API_KEY/);
    expect(() => exchangeKeys(paper, liveOnly)).toThrow(/no keys for the paper exchange.*npm start/);
  });

  it('keeps the wall clock in live mode, whatever a paper market would do', () => {
    const market = { kind: 'replay', speed: 60, instruments: [] } as never;
    const replay = { ...paper, paperExchange: { ...paper.paperExchange, market } };
    expect([marketSpeed(replay), marketSpeed({ ...replay, mode: 'live' })]).toEqual([60, 1]);
  });
});

describe('the permissions of live keys', () => {
  let fake: FakePermissions;
  beforeEach(async () => {
    fake = await startFakePermissions();
  });
  afterEach(() => fake.close());

  it('are asked of the venue with the keys themselves', async () => {
    expect(await checkKeys(fake.ask)).toEqual({ ipRestricted: true, mayTransfer: false });
    expect(fake.requests).toEqual([{ path: '/sapi/v1/account/apiRestrictions', key: 'live-key' }]);
    fake.answer.body = { ...SAFE, ipRestrict: false, permitsUniversalTransfer: true };
    expect(await checkKeys(fake.ask)).toEqual({ ipRestricted: false, mayTransfer: true });
  });

  it.each([
    [
      'may withdraw',
      200,
      { ...SAFE, enableWithdrawals: true },
      ExitCode.notAllowed,
      /may withdraw money: make keys without/,
    ],
    [
      'may not trade',
      200,
      { ...SAFE, enableSpotAndMarginTrading: false },
      ExitCode.notAllowed,
      /may not trade: switch/,
    ],
    [
      'are refused',
      401,
      { code: -2015, msg: 'Invalid API-key' },
      ExitCode.unhealthy,
      /could not be read \(.*Invalid API-key/,
    ],
    ['are not spoken of', 200, { ok: true }, ExitCode.unhealthy, /in a form that is not known/],
    [
      'are said in another form',
      200,
      { ...SAFE, enableWithdrawals: 'no' },
      ExitCode.unhealthy,
      /form that is not known/,
    ],
  ])('that %s stop the start of a worker and of everything', async (_name, status, body, exitCode, message) => {
    fake.answer = { status, body };
    await expect(checkKeys(fake.ask)).rejects.toThrow(expect.objectContaining({ exitCode }));
    await expect(checkKeys(fake.ask)).rejects.toThrow(message);
    const venue = { keyPermissions: fake.ask };
    await expect(refuseUnfitKeys(live, venue)).rejects.toThrow(message);
    await refuseUnfitKeys(paper, venue);
  });

  it('that cannot be read do not let the signature of the request out', async () => {
    const failure = new Error('binance GET https://x/apiRestrictions?timestamp=1&signature=abc fetch failed');
    await expect(checkKeys(() => Promise.reject(failure))).rejects.toThrow(
      /\(binance GET https:\/\/x\/apiRestrictions fetch failed\)/,
    );
  });
});

describe('the start in live mode', () => {
  const original = { ...process.env };
  afterEach(() => {
    process.env = { ...original };
  });
  const journal = (): Promise<Journal> => temporaryJournal(undefined, 'live');
  const accountIdentity = async () => identityOf({ venue: 'binance', market: 'binance', uid: '7' });
  const askPermissions = async () => SAFE;
  const tools = { configuration: live, secrets, journal, askPermissions, accountIdentity, surroundings: alone };

  it('passes when everything holds, and says what it found', async () => {
    const found = await passChecks(startChecks(tools));
    expect(found).toEqual([
      { check: 'mode', detail: 'live' },
      { check: 'exchange', detail: "binance, the venue's own address" },
      { check: 'keys', detail: 'given' },
      { check: 'permissions', detail: 'cannot withdraw; bound to listed addresses' },
      { check: 'books', detail: 'hold no paper money' },
      { check: 'account', detail: 'the books are not bound yet' },
      { check: 'listening', detail: 'on loopback alone' },
      {
        check: 'temporal',
        detail: '127.0.0.1:7233 obeys every process of this machine: allowed, since ann is alone on it',
      },
    ]);
  });

  it.each([
    ['paper mode', { configuration: paper }, /"mode: paper": set "mode: live"/],
    [
      'a paper exchange beside it',
      { configuration: parseConfiguration({ mode: 'live', paperExchange: { port: 9000 } }, 'the test') },
      /sets up a paper exchange as well: remove its part "paperExchange"/,
    ],
    ['no keys', { secrets: { ...secrets, exchangeApiKey: undefined } }, /needs keys for the exchange/],
    ['keys that can withdraw', { askPermissions: async () => ({ ...SAFE, enableWithdrawals: true }) }, /may withdraw/],
    [
      'a coordinator that others reach',
      { configuration: parseConfiguration({ mode: 'live', coordinator: { host: '0.0.0.0' } }, 'the test') },
      /coordinator\.host is 0\.0\.0\.0: everybody who reaches this machine can read its tokens/,
    ],
    [
      'a Temporal that others on the machine can steer',
      { surroundings: () => ({ ...alone(), machine: { ...alone().machine, logins: ['bob'] } }) },
      /Temporal must know who comes, and 127\.0\.0\.1:7233 obeys everybody on this machine, and others are on it: users who can log in \(bob\)/,
    ],
  ])('is refused with %s', async (_name, changes, message) => {
    await expect(passChecks(startChecks({ ...tools, ...changes }))).rejects.toThrow(message);
  });

  it('is refused with keys of another account, and while nobody says whose they are', async () => {
    const books = await journal();
    const identity = identityOf({ venue: 'binance', market: 'binance', uid: '1' });
    await books.bindings.bind({ account: 'main', identity, by: 'npm start', via: 'system:npm start' });
    const bound = { ...tools, journal: async () => books };
    await expect(passChecks(startChecks(bound))).rejects.toMatchObject({ code: 'OtherAccount', exitCode: 5 });
    const own = { ...bound, accountIdentity: async () => identity };
    expect(await passChecks(startChecks(own))).toContainEqual({
      check: 'account',
      detail: 'the one at binance that the books are bound to',
    });
    const away = {
      ...bound,
      accountIdentity: () => Promise.reject(new Error('GET https://x/account?signature=abc failed')),
    };
    await expect(passChecks(startChecks(away))).rejects.toMatchObject({
      code: 'AccountUnread',
      message: expect.stringContaining('could not be read (GET https://x/account failed)'),
    });
  });

  it('is refused on paper books, and a paper start on live books', async () => {
    process.env['SAPPHIRE_DATA'] = temporaryFolder();
    const books = await openJournal(paper);
    await refuseForeignBooks(books, 'live');
    await books.control.raiseHalt({ requestId: 'r', account: 'main', reason: 'any event', by: 'ann' });
    await expect(refuseForeignBooks(books, 'live')).rejects.toThrow(/holds paper books.*"mode: live".*SAPPHIRE_DATA/);
    await refuseForeignBooks(books, 'paper');
    await books.close();
    await refuseUnreadyMode(paper);
    // What is held is protected though the exchange cannot be asked at the start, and nothing else is let pass.
    Object.assign(process.env, { SAPPHIRE_EXCHANGE_API_KEY: 'live-key', SAPPHIRE_EXCHANGE_SECRET: 'live-secret' });
    await expect(refuseUnreadyMode(live, true)).rejects.toThrow(/holds paper books/);

    process.env['SAPPHIRE_DATA'] = temporaryFolder();
    const liveBooks = await openJournal(live);
    await liveBooks.control.raiseHalt({ requestId: 'r', account: 'main', reason: 'any event', by: 'ann' });
    await liveBooks.close();
    await expect(refuseUnreadyMode(paper)).rejects.toThrow(/holds live books/);
  });

  it('by hand ends with the reason, and starts nothing', async () => {
    const installation = await makeInstallation();
    installation.configure({ mode: 'live', demo: false, paperExchange: {} });
    const { SAPPHIRE_EXCHANGE_API_KEY: _key, SAPPHIRE_EXCHANGE_SECRET: _secret, ...environment } = process.env;
    process.env = environment;
    const { code, stdout, stderr } = await end(installation.up('--json'));
    expect({ code, mode: JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '').mode }).toEqual({
      code: 3,
      mode: 'live',
    });
    expect(stderr).toMatch(/LIVE.*real money/);
    expect(stderr).toMatch(/sapphire: Live mode needs keys for the exchange/);
    expect(stderr).not.toMatch(/Starting/);
  });
});

describe('live enable', () => {
  const original = { ...process.env };
  let exchange: TestExchange;
  let journal: Journal;
  let tools: EnableTools;
  beforeEach(async () => {
    process.env['SAPPHIRE_DATA'] = temporaryFolder();
    exchange = await startTestExchange();
    const { apiKey, secret } = await exchange.account('main', { USDT: '5000', BTC: '0.5' });
    const trading = await createCcxtTrading(
      createCcxtClient({ venue: 'binance', restUrl: exchange.url, apiKey, secret }),
    );
    journal = await openJournal(live);
    tools = {
      configuration: live,
      secrets,
      journal: async () => journal,
      askPermissions: async () => SAFE,
      accountIdentity: () => trading.accountIdentity(),
      trading: async () => trading,
      reconcile: async () => ({ clean: true, differences: [] }),
      surroundings: alone,
    };
  });
  afterEach(async () => {
    process.env = { ...original };
    await journal.close();
    await exchange.close();
  });
  const request = { confirm: 'binance', by: 'ann', reason: 'first week', via: 'os:ann' as const };
  const isEnabled = async (): Promise<boolean> => (await journal.control.read('main')).liveEnabled;

  it('takes the balances over into empty books and switches live trading on', async () => {
    expect(await isEnabled()).toBe(false);
    const report = await enableLive(request, tools);
    expect(report).toMatchObject({ account: 'main', venue: 'binance', enabled: true });
    expect(report.checks.map(({ check }) => check)).toEqual([
      'mode',
      'exchange',
      'keys',
      'permissions',
      'books',
      'account',
      'listening',
      'temporal',
      'trading',
      'reconciliation',
    ]);
    expect(Object.fromEntries(report.opening.map(({ reference, amount }) => [reference, amount]))).toEqual({
      'live-opening/main/BTC': '0.5',
      'live-opening/main/USDT': '5000',
    });
    expect(await isEnabled()).toBe(true);
    expect(await journal.ledger.deposits('main')).toEqual({ BTC: '0.5', USDT: '5000' });
    // What changed at the venue since is for the reconciliation to judge, not to be booked in silence.
    await exchange.admin('POST', '/admin/deposits', { name: 'main', asset: 'USDT', amount: '1' });
    expect((await enableLive(request, tools)).opening).toEqual([]);
    expect(await journal.ledger.deposits('main')).toMatchObject({ USDT: '5000' });
  });

  it('binds the books, and takes nothing over from another account', async () => {
    await enableLive(request, tools);
    const own = await (await tools.trading()).accountIdentity();
    expect(await journal.bindings.read('main')).toMatchObject(own);
    const second = await exchange.account('second', { BTC: '1' });
    const trading = await createCcxtTrading(createCcxtClient({ venue: 'binance', restUrl: exchange.url, ...second }));
    const others = { ...tools, accountIdentity: () => trading.accountIdentity(), trading: async () => trading };
    await expect(enableLive(request, others)).rejects.toMatchObject({ code: 'OtherAccount' });
    // Keys that are changed between the looks, too.
    await expect(enableLive(request, { ...tools, trading: async () => trading })).rejects.toMatchObject({
      code: 'OtherAccount',
    });
    expect(await journal.ledger.deposits('main')).toEqual({ BTC: '0.5', USDT: '5000' });
  });

  it('takes nothing over once an order was made', async () => {
    const trading = await tools.trading();
    await journal.ledger.transfer({
      reference: 'o',
      account: 'main',
      asset: 'USDT',
      amount: '5000',
      value: '5000',
      at: 0,
    });
    await journal.control.setLive({ requestId: 'r', account: 'main', enabled: true, reason: 'test', by: 'ann' });
    await sendLeg(journal, trading, restingLeg(await trading.touch('BTC/USDT')));
    expect((await enableLive(request, tools)).opening).toEqual([]);
  });

  it.each([
    [
      'another word than the venue',
      { confirm: 'yes' },
      {},
      /"yes" is not it: \.\/sapphire live enable --confirm binance/,
    ],
    ['paper mode', {}, { configuration: paper }, /"mode: paper"/],
    [
      'keys that can withdraw',
      {},
      { askPermissions: async () => ({ ...SAFE, enableWithdrawals: true }) },
      /may withdraw/,
    ],
    [
      'books that differ from the exchange',
      {},
      { reconcile: async () => ({ clean: false, differences: ['BTC: booked 1, at the exchange 2'] }) },
      /Books and exchange differ: BTC: booked 1, at the exchange 2\./,
    ],
  ])('is refused with %s', async (_name, asked, changes, message) => {
    await expect(enableLive({ ...request, ...asked }, { ...tools, ...changes })).rejects.toThrow(message);
    expect(await isEnabled()).toBe(false);
  });

  it('is refused while trading is halted', async () => {
    await journal.control.raiseHalt({ requestId: 'r', account: 'main', reason: 'prices look wrong', by: 'ann' });
    await expect(enableLive(request, tools)).rejects.toThrow(/halted \(prices look wrong\): resume it first/);
    expect(await isEnabled()).toBe(false);
  });
});
