import { describe, expect, it } from 'vitest';
import { refuseExposure } from '../../client/controls/live/exposure.ts';
import { type Account, type Machine, machineOf, thisMachine } from '../../client/controls/live/machine.ts';
import { refuseOpenTemporal, type TemporalTerms, termsOf } from '../../client/controls/live/temporal-guard.ts';
import { ExitCode } from '../../contracts/errors.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';

const alone: Machine = { user: 'ann', logins: [], strangers: [], services: [] };
const local: TemporalTerms = { address: '127.0.0.1:7233', encrypted: false };
const remote: TemporalTerms = { address: 'temporal.example:7233', encrypted: true };

describe('with real money a Temporal', () => {
  it.each<[string, TemporalTerms, Machine, string]>([
    ['of a machine for itself', local, alone, 'obeys every process of this machine: allowed, since ann is alone on it'],
    [
      'beside services of the system',
      local,
      { ...alone, services: ['messagebus', 'www-data'] },
      'since ann is alone on it, beside services of the system (messagebus, www-data)',
    ],
    ['elsewhere with a key', { ...remote, credentials: 'an API key' }, alone, 'asks for an API key'],
    [
      'elsewhere with certificates',
      { ...remote, credentials: 'client certificates' },
      alone,
      'asks for client certificates',
    ],
    [
      'here with a key, whoever is here',
      { ...local, credentials: 'an API key' },
      { ...alone, logins: ['bob'] },
      'asks for an API key',
    ],
  ])('%s is taken', (_, terms, machine, words) => expect(refuseOpenTemporal(terms, machine)).toContain(words));

  it.each<[string, TemporalTerms, Machine, RegExp]>([
    [
      'beside others who can log in',
      local,
      { ...alone, logins: ['bob'] },
      /others are on it: users who can log in \(bob\)/,
    ],
    [
      'beside processes of others',
      local,
      { ...alone, strangers: ['user id 1001'] },
      /processes of others \(user id 1001\)/,
    ],
    [
      'beside very many',
      { ...local, address: 'localhost:7233' },
      { ...alone, logins: ['a', 'b', 'c', 'd', 'e', 'f', 'g'], strangers: ['b'] },
      /users who can log in \(a, b, c, d, e and 2 more\); processes of others \(b\)/,
    ],
    ['where it cannot be seen who is there', local, { ...alone, strangers: undefined }, /cannot be seen/],
    [
      'elsewhere that asks nobody, over TLS too',
      remote,
      alone,
      /asks nobody who comes, and can be reached from elsewhere/,
    ],
    ['of our own that others reach', { ...local, address: '0.0.0.0:7233' }, alone, /can be reached from elsewhere/],
    ['whose key goes in plain', { ...remote, encrypted: false, credentials: 'an API key' }, alone, /is not encrypted/],
  ])('%s is refused with the remedy', (_, terms, machine, words) => {
    const refuse = (): string => refuseOpenTemporal(terms, machine);
    expect(refuse).toThrow(words);
    expect(refuse).toThrow(/TEMPORAL_API_KEY.*a container or a machine for itself\.$/);
    expect(refuse).toThrow(expect.objectContaining({ code: 'TemporalOpen', exitCode: ExitCode.notAllowed }));
  });

  it.each([
    [{ tls: false, apiKey: 'k' }, true, undefined],
    [{ tls: false }, false, undefined],
    [{ tls: true }, false, undefined],
    [{ tls: {}, apiKey: 'k' }, false, 'an API key'],
    [{ tls: { clientCertPair: { crt: Buffer.from('c'), key: Buffer.from('k') } } }, false, 'client certificates'],
  ])('reached by %j (ours: %s) knows who comes by: %s', (access, isOwn, credentials) => {
    const terms = termsOf({ address: 'a:1', namespace: 'n', ...access }, isOwn);
    expect(terms.credentials).toBe(credentials);
    expect(terms.encrypted).toBe(access.tls !== false);
  });
});

describe('a machine', () => {
  const account = (name: string, uid: number, shell: string): Account => ({ name, uid, shell });
  const accounts = [
    account('root', 0, '/bin/bash'),
    account('messagebus', 101, '/usr/sbin/nologin'),
    account('ann', 1000, '/bin/bash'),
    account('bob', 1001, ''),
    account('build', 1002, '/usr/bin/false'),
    account('nobody', 65_534, '/usr/sbin/nologin'),
  ];

  it.each<[string, number, number[] | undefined, object]>([
    ['of two people', 1000, [0, 101, 1000], { user: 'ann', logins: ['bob'], strangers: [], services: ['messagebus'] }],
    ['seen by its administrator', 0, [0], { user: 'root', logins: ['ann', 'bob'], strangers: [], services: [] }],
    [
      'with containers and daemons',
      1001,
      [0, 65_534, 1002, 70_000, 70_000],
      { strangers: ['nobody', 'build', 'user id 70000'] },
    ],
    ['whose processes are hidden', 1000, undefined, { strangers: undefined }],
  ])('%s', (_, own, running, expected) => expect(machineOf(own, accounts, running)).toMatchObject(expected));

  it('is this one, too', () => {
    const { user, strangers } = thisMachine();
    expect(user).not.toBe('');
    expect(strangers).toEqual(expect.any(Array));
  });
});

describe('what listens beyond loopback', () => {
  const hosts = (changes: Record<string, unknown>) => parseConfiguration(changes, 'the test');
  const temporal = { host: '127.0.0.1', allowUnauthenticatedAccess: false };

  it.each(['127.0.0.1', 'localhost', '::1', '127.0.0.9'])('is none on %s', (host) => {
    expect(refuseExposure(hosts({ coordinator: { host }, paperExchange: { host } }), { ...temporal, host })).toEqual(
      [],
    );
  });

  it('is told on paper, each with who may then do what', () => {
    const open = hosts({ coordinator: { host: '0.0.0.0' }, paperExchange: { host: '192.168.1.5' } });
    expect(refuseExposure(open, temporal)).toEqual([
      expect.stringMatching(/^coordinator\.host is 0\.0\.0\.0: everybody who reaches this machine can read its tokens/),
      expect.stringMatching(
        /^paperExchange\.host is 192\.168\.1\.5: everybody who reaches 192\.168\.1\.5 can read its keys/,
      ),
    ]);
  });

  it('of Temporal is refused on paper, unless the profile allows it in so many words', () => {
    const paper = hosts({});
    const open = { ...temporal, host: '0.0.0.0' };
    expect(() => refuseExposure(paper, open)).toThrow(
      'temporal.host is 0.0.0.0: everybody who reaches this machine can halt, resume, sell and start orders, since Temporal asks nobody who comes. Set temporal.host to 127.0.0.1, and let others in by a tunnel (ssh -L) or a proxy with TLS, or allow it with temporal.allowUnauthenticatedAccess: true.',
    );
    expect(refuseExposure(paper, { ...open, allowUnauthenticatedAccess: true })).toHaveLength(1);
    expect(refuseExposure(paper, undefined)).toEqual([]);
  });

  it('is refused with real money, all of it at once', () => {
    const live = hosts({ mode: 'live', coordinator: { host: '10.0.0.1' } });
    const refuse = (): string[] => refuseExposure(live, { host: '0.0.0.0', allowUnauthenticatedAccess: true });
    expect(refuse).toThrow(
      /coordinator\.host is 10\.0\.0\.1.*temporal\.host is 0\.0\.0\.0.*Set coordinator\.host to 127\.0\.0\.1 and temporal\.host to/,
    );
    expect(refuse).toThrow(expect.objectContaining({ exitCode: ExitCode.notAllowed }));
  });
});
