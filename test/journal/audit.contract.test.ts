import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { policySchema } from '../../contracts/participation.ts';
import { defaultParticipation, perAgent } from '../../domain/consensus/participation.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { Database } from '../../stores/journal/sql/database.ts';
import { fund } from '../support/books.ts';
import { type Adapter, adapterNames, booksOver, opener, startAdapter } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

describe.each(adapterNames)('the audit trail in %s', (name) => {
  let adapter: Adapter;
  let database: Database;
  let journal: Journal;
  let address: string;

  beforeAll(async () => {
    adapter = await startAdapter(name);
    address = await adapter.place();
    database = await opener(name, address)();
    journal = await booksOver(database);
    await fund(journal);
    await journal.control.raiseHalt({ requestId: 'h', account: 'main', reason: 'too hot', by: 'a person' });
    await journal.control.resume({ account: 'main', expectedEpoch: 1, reason: 'cooler', by: 'another' });
  }, 60_000);
  afterAll(async () => {
    await journal?.close();
    await adapter?.stop();
  });

  it('has who changed what and why, each once, in the transaction that changed it', async () => {
    await journal.control.raiseHalt({ requestId: 'h', account: 'main', reason: 'again', by: 'a person' });
    const entries = await journal.audit.after(0, 100);
    expect(entries.map(({ place, kind, by, reason }) => [place, kind, by, reason])).toEqual([
      [1, 'risk.changed', 'configuration', expect.any(String)],
      [2, 'capital.deposited', 'sapphire', 'test/USDT'],
      [3, 'trading.halted', 'a person', 'too hot'],
      [4, 'trading.resumed', 'another', 'cooler'],
    ]);
    expect(await journal.audit.verify()).toEqual({
      entries: 4,
      head: entries[3]?.hash,
      fault: undefined,
      differences: [],
    });
  });

  it('takes no change and no deletion', async () => {
    await expect(database.run("UPDATE audit_trail SET changed_by = 'nobody' WHERE place = 3")).rejects.toThrow(
      'append-only',
    );
    await expect(database.run('DELETE FROM audit_trail WHERE place = 4')).rejects.toThrow('append-only');
  });

  it('stays one chain when two processes write at once', async () => {
    const other = await booksOver(await opener(name, address)());
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? other : journal).control.raiseHalt({
          requestId: `many/${index}`,
          account: 'main',
          reason: String(index),
          by: 'a person',
        }),
      ),
    );
    await other.close();
    expect(await journal.audit.verify()).toMatchObject({ entries: 24, fault: undefined });
  });

  // Whoever owns the file can take the guards away: what is changed then is found.
  const guards =
    name === 'sqlite'
      ? ['DROP TRIGGER audit_trail_no_update', 'DROP TRIGGER audit_trail_no_delete']
      : ['DROP TRIGGER audit_trail_append_only ON audit_trail'];
  it.each([
    [
      'a word in an entry',
      "UPDATE audit_trail SET reason = 'cool' WHERE place = 3",
      /entry 3 \(trading.halted\) was changed/,
    ],
    [
      'another name for who did it',
      "UPDATE audit_trail SET changed_by = 'nobody' WHERE place = 4",
      /entry 4 .* was changed/,
    ],
    ['an entry taken out', 'DELETE FROM audit_trail WHERE place = 2', /entry 2 is missing/],
    [
      'an entry made anew with its own hash',
      "UPDATE audit_trail SET hash = substr(hash, 2) || 'g' WHERE place = 2",
      /entry 2 .* was changed/,
    ],
  ])('shows %s', async (_, forgery, fault) => {
    await expect(
      database.transaction('', {}, async (transaction) => {
        for (const guard of guards) await transaction.run(guard);
        await transaction.run(forgery);
        const { createAuditBook } = await import('../../stores/journal/sql/audit.ts');
        const found = await createAuditBook({ ...database, rows: transaction.rows, row: transaction.row }).verify();
        expect(found.fault).toMatch(fault);
        throw new Error('nothing of this stays');
      }),
    ).rejects.toThrow('nothing of this stays');
    expect((await journal.audit.verify()).fault).toBeUndefined();
  });
});

describe.each(adapterNames)('what the audit trail in %s tells of', (name) => {
  const books = new FreshBooks(name);
  const account = 'main';

  /** What a person and the first start do, each of which leaves its entry. */
  async function live(): Promise<void> {
    const { control, risk, policy, participation, guests } = books.journal;
    await participation.seed(perAgent(defaultParticipation));
    await policy.adopt(account, policySchema.parse({ quorumCount: 1 }));
    const said = { by: 'a person', reason: 'because' };
    await risk.change({ requestId: 'r', account, settings: { maxDailyLoss: 0.03 }, ...said });
    await policy.change({ requestId: 'p', account, settings: { quorumCount: 2 }, ...said });
    await participation.change({ requestId: 'w', agentId: 'qwen', settings: { weight: 0.5 }, ...said });
    await guests.invite({ requestId: 'g', agentId: 'a-guest', tokenHash: 'h', settings: { role: 'shadow' }, ...said });
    await control.setLive({ requestId: 'on', account, enabled: true, ...said });
    await control.raiseHalt({ requestId: 'h', account, ...said });
    await control.resume({ account, expectedEpoch: 1, ...said });
    await control.setLive({ requestId: 'off', account, enabled: false, ...said });
  }
  const differences = async (): Promise<string[]> => (await books.journal.audit.verify()).differences;
  const forge = async (...statements: string[]): Promise<void> => {
    const database = await books.database();
    for (const statement of statements) await database.run(statement);
  };

  it('is as it tells after everything that a person can do, and after a restart', async () => {
    await live();
    expect(await books.journal.audit.verify()).toMatchObject({ fault: undefined, differences: [] });
    const again = await books.again();
    await again.participation.seed(perAgent(defaultParticipation));
    await again.policy.adopt(account, policySchema.parse({ quorumCount: 3 }));
    await again.control.raiseRestored({ requestId: 'back', account, by: 'a person', reason: 'restored', beyond: 0 });
    expect(await again.audit.verify()).toMatchObject({ fault: undefined, differences: [] });
  });

  it.each<[string, string, RegExp]>([
    [
      'live trading',
      'UPDATE control SET live_enabled = 1',
      /^liveEnabled of trading of main is true, and entry \d+ had left it at false$/,
    ],
    ['a halt', "UPDATE control SET trading_state = 'halted'", /^tradingState of trading of main is halted, .* active$/],
    ['an epoch', 'UPDATE control SET epoch = 1', /^epoch of trading of main is 1, and entry \d+ had left it at 2$/],
    [
      'who resumed',
      "UPDATE control SET changed_by = 'nobody'",
      /^changedBy of trading of main is nobody, .* a person$/,
    ],
    ['why', "UPDATE control SET reason = 'x'", /^reason of trading of main is x/],
    ['no control at all', 'DELETE FROM control', /^trading of main cannot be read in the books/],
    [
      'control of another account',
      "INSERT INTO control VALUES ('other', 'active', 0, 'x', 'y', 0, 1)",
      /^liveEnabled of trading of other is true, and no entry had changed it from false$/,
    ],
    [
      'a limit',
      `UPDATE risk_changes SET after = replace(after, '"maxDailyLoss":0.03', '"maxDailyLoss":0.9')`,
      /^maxDailyLoss of the risk limits of main is 0\.9, and entry \d+ had left it at 0\.03$/,
    ],
    ['limits by default', "UPDATE risk_changes SET after = '{}'", /^maxDailyLoss of the risk limits of main is 0\.05/],
    ['limits that are none', "UPDATE risk_changes SET after = 'x'", /^the risk limits of main cannot be read/],
    [
      'an earlier version of limits',
      "DELETE FROM risk_changes WHERE request_id = 'r'",
      /^(version|maxDailyLoss) of the risk limits of main/,
    ],
    [
      'one more version of limits',
      `INSERT INTO risk_changes (account, request_id, after, configured, changed_by, reason, changed_at)
       SELECT account, 'forged', after, configured, changed_by, reason, changed_at FROM risk_changes WHERE request_id = 'r'`,
      /^version of the risk limits of main/,
    ],
    [
      'limits of another account',
      `INSERT INTO risk_changes (account, request_id, after, configured, changed_by, reason, changed_at)
       SELECT 'other', 'forged', after, configured, changed_by, reason, changed_at FROM risk_changes WHERE request_id = 'r'`,
      /^the risk limits of other stands in the books, and no entry tells of it$/,
    ],
    [
      'the policy',
      `UPDATE policy_changes SET after = replace(after, '"quorumCount":2', '"quorumCount":1')`,
      /^quorumCount of the policy of main is 1, and entry \d+ had left it at 2$/,
    ],
    [
      'a weight that a person had set',
      `UPDATE agents SET participation = replace(participation, '"weight":0.5', '"weight":9') WHERE agent_id = 'qwen'`,
      /^weight of the participation of qwen is 9, and entry \d+ had left it at 0\.5$/,
    ],
    [
      'a weight that nobody had changed',
      `UPDATE agents SET participation = replace(participation, '"weight":1', '"weight":9') WHERE agent_id = 'deepseek'`,
      /^weight of the participation of deepseek is 9/,
    ],
    [
      'a vote for a shadow',
      `UPDATE agents SET participation = replace(participation, 'shadow', 'voter') WHERE agent_id = 'a-guest'`,
      /^role of the participation of a-guest is voter, .* shadow$/,
    ],
    [
      'an agent that nobody invited',
      `INSERT INTO agents SELECT 'intruder', participation FROM agents WHERE agent_id = 'deepseek'`,
      /^the participation of intruder stands in the books, and no entry tells of it$/,
    ],
    [
      'one agent less',
      "DELETE FROM agents WHERE agent_id = 'qwen'",
      /^the participation of qwen cannot be read in the books/,
    ],
  ])('shows %s, written past the journal', async (_, statement, expected) => {
    await live();
    await forge(statement);
    expect((await differences())[0]).toMatch(expected);
  });

  it('shows what was forged also after a proper change has written it down', async () => {
    await live();
    await forge(
      'UPDATE control SET live_enabled = 1',
      `UPDATE risk_changes SET after = replace(after, '"maxDailyLoss":0.03', '"maxDailyLoss":0.9')`,
    );
    await books.journal.control.raiseHalt({ requestId: 'later', account, by: 'a person', reason: 'x' });
    const change = { account, by: 'a person', reason: 'x' };
    await books.journal.risk.change({ requestId: 'r2', settings: { maxOrdersPerMinute: 7 }, ...change });
    expect(await differences()).toEqual([
      expect.stringMatching(
        /^entry \d+ \(trading\.halted\) found liveEnabled of trading of main at true, and entry \d+ had left it at false$/,
      ),
      expect.stringMatching(
        /^entry \d+ \(risk\.changed\) found maxDailyLoss of the risk limits of main at 0\.9, and entry \d+ had left it at 0\.03$/,
      ),
    ]);
  });

  it('takes what older books hold and no entry tells of as it is', async () => {
    await forge(
      'UPDATE migrations SET applied_at = applied_at + 86400000 WHERE version >= 5',
      "INSERT INTO control VALUES ('old', 'halted', 7, 'x', 'y', 0, 1)",
      `INSERT INTO risk_changes (account, request_id, after, configured, changed_by, reason, changed_at)
       SELECT 'old', 'old', after, configured, changed_by, reason, changed_at FROM risk_changes`,
      `INSERT INTO agents (agent_id, participation) VALUES ('qwen', '{"enabled":true,"weight":3}')`,
    );
    expect(await differences()).toEqual([]);
    // From the first start of this release on its agents have an entry, and what is changed properly has one, too.
    await books.journal.participation.seed(perAgent(defaultParticipation));
    await books.journal.control.resume({ account: 'old', expectedEpoch: 7, reason: 'x', by: 'y' });
    expect(await differences()).toEqual([]);
    await forge(
      `UPDATE agents SET participation = '{"enabled":true,"weight":9}' WHERE agent_id = 'qwen'`,
      "UPDATE control SET live_enabled = 0 WHERE account = 'old'",
    );
    expect(await differences()).toEqual([
      expect.stringMatching(/^liveEnabled of trading of old is false/),
      expect.stringMatching(/^weight of the participation of qwen is 9, .* 3$/),
    ]);
  });

  it('takes entries of earlier releases, which say less, at their word', async () => {
    const database = await books.database();
    const emit = (eventId: string, kind: string, payload: unknown): Promise<void> =>
      database.transaction('', {}, (transaction) => transaction.emit({ eventId, kind, payload }));
    await emit('a', 'participation.changed', { agentId: 'qwen', after: { enabled: true, weight: 1 } });
    await emit('b', 'trading.halted', { account, before: { epoch: 0 }, after: { epoch: 0 } });
    await emit('c', 'risk.changed', 'nothing that can be understood');
    await emit('d', 'live.enabled', { account });
    await forge(`INSERT INTO agents (agent_id, participation) VALUES ('qwen', '{"enabled":true,"weight":1}')`);
    await books.journal.control.setLive({ requestId: 'l', account, enabled: true, by: 'a', reason: 'b' });
    expect(await differences()).toEqual([]);
  });

  it('is not misread while others change it', async () => {
    await live();
    const other = await books.again();
    const changes = (async () => {
      for (let n = 0; n < 40; n += 1) {
        await other.control.setLive({ requestId: `n/${n}`, account, enabled: n % 2 === 0, by: 'a', reason: 'b' });
      }
    })();
    for (let look = 0; look < 10; look += 1) expect(await differences()).toEqual([]);
    await changes;
    expect(await differences()).toEqual([]);
  });
});
