import { describe, expect, it } from 'vitest';
import { via } from '../../contracts/audit.ts';
import { policySchema } from '../../contracts/participation.ts';
import { defaultParticipation, perAgent } from '../../domain/consensus/participation.ts';
import { training } from '../support/training.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

describe.each(adapterNames)('an entry of the audit trail in %s', (name) => {
  const books = new FreshBooks(name);
  const account = 'main';
  const said = { by: 'ann', reason: 'because' };
  const entries = async () => {
    const found = await books.journal.audit.after(0, 100);
    return found.map(({ kind, by, via: door, reason }) => [kind, by, door, reason]);
  };

  it('says beside the claimed name by what it came in', async () => {
    const { journal } = books;
    await journal.participation.seed(perAgent(defaultParticipation));
    await journal.policy.adopt(account, policySchema.parse({ quorumCount: 1 }));
    const door = via.token('operator');
    const shell = via.os('ann');
    const deposit = { reference: 'd-1', account, asset: 'USDT', amount: '10', value: '10', at: 0 };
    await journal.ledger.transfer({ ...deposit, by: 'ann', via: shell });
    await journal.risk.change({ requestId: 'r', account, settings: { maxDailyLoss: 0.03 }, ...said, via: shell });
    await journal.policy.change({ requestId: 'p', account, settings: { quorumCount: 2 }, ...said, via: door });
    await journal.participation.change({
      requestId: 'w',
      agentId: 'qwen',
      settings: { weight: 2 },
      ...said,
      via: door,
    });
    await journal.guests.invite({ requestId: 'g', agentId: 'guest', tokenHash: 'h', settings: {}, ...said, via: door });
    await journal.guests.revoke({ requestId: 'x', agentId: 'guest', ...said, via: door });
    const { agentId } = await journal.models.register({ training: training(), ...said, via: shell });
    await journal.models.promote({ agentId, ...said, via: shell });
    expect(await entries()).toEqual([
      ['risk.changed', 'configuration', 'system:configuration', 'the first start'],
      ['participation.seeded', 'configuration', 'system:configuration', expect.any(String)],
      ['policy.changed', 'configuration', 'system:configuration', 'the first start'],
      ['capital.deposited', 'ann', 'os:ann', 'd-1'],
      ['risk.changed', 'ann', 'os:ann', 'because'],
      ['policy.changed', 'ann', 'token:operator', 'because'],
      ['participation.changed', 'ann', 'token:operator', 'because'],
      ['participation.changed', 'ann', 'token:operator', 'because'],
      ['participation.changed', 'ann', 'token:operator', 'because'],
      ['participation.changed', 'ann', 'os:ann', 'because'],
      ['model.registered', 'ann', 'os:ann', 'because'],
      ['participation.changed', 'ann', 'os:ann', 'because'],
      ['model.promoted', 'ann', 'os:ann', 'because'],
    ]);
    expect(await journal.audit.verify()).toMatchObject({ fault: undefined, differences: [] });
  });

  it('says it of halts, selling, resumes, live trading, limits that bit, and restores', async () => {
    const { control, cycles } = books.journal;
    const shell = via.os('ann');
    await control.raiseHalt({ requestId: 'h', account, ...said, via: shell, flatten: true });
    await control.raiseHalt({ requestId: 'h', account, ...said, via: via.temporal('1@host'), flatten: true });
    await control.resume({ account, expectedEpoch: 1, ...said, via: via.temporal('1@host') });
    await control.raiseHalts(account, [
      { requestId: 's1', ...said },
      { requestId: 's2', ...said, via: via.system('health'), flatten: false },
    ]);
    await control.resume({ account, expectedEpoch: 4, ...said, via: shell });
    await control.setLive({ requestId: 'on', account, enabled: true, ...said, via: shell });
    await cycles.plan('cycle/main/1', account, Date.now(), () => ({
      cycleId: 'cycle/main/1',
      equity: '1',
      legs: [],
      verdicts: [],
      allocations: [],
      restriction: { to: 'reducing', code: 'Drawdown', limit: '0.1', value: '0.2' },
    }));
    await control.raiseRestored({ requestId: 'b', account, by: 'ann', reason: 'restored', via: shell, beyond: 0 });
    expect((await entries()).slice(1)).toEqual([
      ['trading.halted', 'ann', 'os:ann', 'because'],
      ['flatten.ordered', 'ann', 'os:ann', 'because'],
      ['trading.resumed', 'ann', 'temporal:1@host', 'because'],
      ['trading.halted', 'ann', '', 'because'],
      ['trading.halted', 'ann', 'system:health', 'because'],
      ['trading.resumed', 'ann', 'os:ann', 'because'],
      ['live.enabled', 'ann', 'os:ann', 'because'],
      ['trading.reducing', 'risk', 'system:risk', 'Drawdown: limit 0.1, value 0.2'],
      ['data.restored', 'ann', 'os:ann', 'restored'],
    ]);
    expect(await books.journal.audit.verify()).toMatchObject({ fault: undefined, differences: [] });
  });

  it('says nothing of it where it was written before that was known, and is whole as it is', async () => {
    const database = await books.database();
    const payload = { account, reason: 'x', by: 'bob', before: false, after: true };
    await database.transaction('', {}, (one) => one.emit({ eventId: 'old', kind: 'live.enabled', payload }));
    expect((await entries()).at(-1)).toEqual(['live.enabled', 'bob', '', 'x']);
    expect((await books.journal.audit.verify()).fault).toBeUndefined();
  });
});

it('the door of an entry is one printable line, whatever a user or an identity is called', () => {
  expect(via.os('ann\n\u001b[2J')).toBe('os:ann [2J');
  expect(via.temporal(`1234@${'h'.repeat(400)}`)).toHaveLength('temporal:'.length + 200);
  expect(via.system('risk')).toBe('system:risk');
});
