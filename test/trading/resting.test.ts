import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configuredPolicy } from '../../contracts/config/schema.ts';
import { defaultParticipation, perAgent } from '../../domain/consensus/participation.ts';
import { type AbstentionReason, abstain } from '../../domain/signals/signals.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { termsOfCycle } from '../../trading/decide/terms.ts';
import { cycleRecord, temporaryJournal } from '../support/books.ts';
import { training } from '../support/training.ts';

const version = 'lag-llama-aaaaaaaa';
const why = { by: 'me', reason: 'a test' };

const configuration = parseConfiguration({}, 'a test');
let now = 0;
let cycles = 0;
let journal: Awaited<ReturnType<typeof temporaryJournal>>;
beforeEach(async () => {
  now = 1_795_000_000_000;
  journal = await temporaryJournal(() => now);
  await journal.participation.seed(perAgent(defaultParticipation));
  await journal.policy.adopt('main', configuredPolicy(configuration));
});
afterEach(() => journal.close());

const terms = () =>
  termsOfCycle(
    { journal, configuration, now: () => now },
    {},
    {
      startedAt: now,
      expiresAt: undefined,
    },
  );

/** A cycle in which one agent said this, and nobody else was asked. */
async function said(agentId: string, reason: AbstentionReason, detail: string): Promise<void> {
  cycles += 1;
  const opinions = abstain(agentId, ['BTC/USDT'], reason, detail);
  const snapshot = { snapshotId: 's', takenAt: now, venue: 'binance', mids: {} };
  const answers = [{ agentId, opinions, model: 'm', version: '1', latencyMs: 0, tokens: 0, costUsd: '0' }];
  await journal.cycles.record(cycleRecord({ cycleId: `c-${cycles}`, finishedAt: now, snapshot, answers }));
}

describe('an agent that fails again and again', () => {
  it('rests for a minute, then for twice as long after each failure, five minutes at most, and after an answer anew', async () => {
    const rest = async () => {
      const { restingAgents = [] } = await terms();
      return restingAgents[0] && restingAgents[0].untilAt - now;
    };
    await said('qwen', 'timeout', 'no answer');
    await said('qwen', 'timeout', 'no answer');
    expect(await rest()).toBeUndefined();
    for (const wanted of [60_000, 120_000, 240_000, 300_000, 300_000]) {
      await said('qwen', 'timeout', 'no answer');
      expect(await rest()).toBe(wanted);
      now += wanted - 1;
      expect(await rest()).toBe(1);
      now += 1;
      expect((await terms()).agents).toContain('qwen');
    }
    await said('qwen', 'no_view', 'nothing to say');
    for (let n = 0; n < 3; n += 1) await said('qwen', 'timeout', 'no answer');
    expect(await rest()).toBe(60_000);
  });

  it('is in the terms with what it failed in last', async () => {
    for (const code of ['ETIMEDOUT', 'ECONNREFUSED', 'EAI_AGAIN']) await said('qwen', 'unavailable', `away: ${code}`);
    expect(await terms()).toMatchObject({
      restingAgents: [{ agentId: 'qwen', failures: 3, cause: 'unavailable: away: EAI_AGAIN' }],
    });
  });

  it('is there, too, as a version of a model, and not once it is switched off', async () => {
    await journal.models.register({ training: training(), ...why });
    expect(await terms()).toMatchObject({ models: [{ agentId: version }], restingAgents: [] });
    for (let n = 0; n < 3; n += 1) await said(version, 'no_worker', 'no worker took it');
    expect(await terms()).toMatchObject({
      models: [],
      restingAgents: [{ agentId: version, failures: 3, cause: 'no_worker: no worker took it' }],
    });
    await journal.participation.change({ requestId: 'r', agentId: version, settings: { enabled: false }, ...why });
    expect(await terms()).toMatchObject({ models: [], restingAgents: [] });
  });

  it('is heard all the same where it brings its signals by itself', async () => {
    const invitation = { requestId: 'i', agentId: 'guest', tokenHash: 'aa', settings: { enabled: true }, ...why };
    await journal.guests.invite(invitation);
    for (let n = 0; n < 3; n += 1) await said('guest', 'unavailable', 'its signals could not be read from the books');
    expect(await terms()).toMatchObject({ guests: ['guest'], restingAgents: [] });
  });
});
