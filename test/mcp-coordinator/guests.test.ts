import type { Client } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGuestActivities } from '../../activities/agents/guests.ts';
import { consensusSchema } from '../../contracts/consensus.ts';
import { invitationSchema, signalReceiptSchema } from '../../contracts/guests.ts';
import { participationSchema } from '../../contracts/participation.ts';
import { outcomeProbabilities } from '../../domain/statistics/statistics.ts';
import { connectClient, type Harness, HORIZON_MS, request, signal, startHarness } from './harness.ts';

let harness: Harness;
let operator: Client;
beforeAll(async () => {
  harness = await startHarness();
  operator = await connectClient(harness.url, 'auto');
});
afterAll(async () => {
  await operator.close();
  await harness.close();
});

let count = 0;
const unique = (): string => `r-${(count += 1)}`;
const why = { by: 'a test', reason: 'trial' };

async function call(client: Client, name: string, input: Record<string, unknown>) {
  const answer = await client.callTool({ name, arguments: input });
  const text = JSON.stringify(answer.content);
  return { ...answer, text };
}

async function invite(agentId: string, settings: Record<string, unknown> = {}) {
  const input = { requestId: unique(), agentId, role: 'voter', ...settings, ...why };
  const answer = await call(operator, 'invite_agent', input);
  expect(answer.isError, answer.text).toBeFalsy();
  return invitationSchema.parse(answer.structuredContent);
}

async function guest(agentId: string, settings: Record<string, unknown> = {}): Promise<Client> {
  return connectClient(harness.url, 'auto', (await invite(agentId, settings)).token);
}

const view = {
  symbol: 'BTC/USDT',
  probabilities: { up: 0.7, flat: 0.2, down: 0.1 },
  expectedReturn: 0.003,
  uncertainty: 0.01,
  conviction: 0.6,
  horizonMs: HORIZON_MS,
};
const submission = (changes: Record<string, unknown> = {}, extra: Record<string, unknown> = {}) => ({
  requestId: unique(),
  model: 'a model of mine',
  signals: [{ ...view, ...changes }],
  ...extra,
});

describe('a guest', () => {
  it('joins with its token, learns the question, and its signal stands until it is too old', async () => {
    const client = await guest('newcomer', { weight: 2, group: 'language-models' });
    const listed = participationSchema.parse((await call(client, 'list_participation', {})).structuredContent);
    expect(listed.question).toEqual({ symbols: ['BTC/USDT'], horizonMs: HORIZON_MS, flatBandBps: 20 });
    expect(listed.agents).toContainEqual({
      agentId: 'newcomer',
      enabled: true,
      role: 'voter',
      weight: 2,
      cap: 1,
      group: 'language-models',
      pinned: false,
      trust: 1,
    });

    const answer = await call(client, 'submit_signal', submission());
    const { agentId, received } = signalReceiptSchema.parse(answer.structuredContent);
    expect(agentId).toBe('newcomer');
    const { maxSignalAgeSeconds } = listed.policy;
    expect(received).toEqual([
      {
        symbol: 'BTC/USDT',
        receivedAt: expect.any(Number),
        standsUntilAt: (received[0]?.receivedAt ?? 0) + maxSignalAgeSeconds * 1_000,
        counts: true,
        note: '',
      },
    ]);

    const question = { guests: ['newcomer', 'stranger'], symbols: ['BTC/USDT'] };
    const at = (ms: number) =>
      createGuestActivities({ journal: harness.journal, account: 'main', now: () => Date.now() + ms }).hearGuests(
        question,
      );
    expect(await at(0)).toMatchObject([
      { agentId: 'newcomer', model: 'a model of mine', opinions: [{ kind: 'signal', agentId: 'newcomer', ...view }] },
      { agentId: 'stranger', opinions: [{ kind: 'abstention', reason: 'no_signal' }] },
    ]);
    expect(await at(maxSignalAgeSeconds * 1_000 + 1_000)).toMatchObject([
      { opinions: [{ kind: 'abstention', reason: 'no_signal', detail: expect.stringContaining('300 s') }] },
      {},
    ]);
    await client.close();
  });

  it('is taken at what its probabilities say, and no further than the market lets anybody know', async () => {
    const client = await guest('loud', { role: 'shadow' });
    const taken = async (changes: Record<string, unknown>) => {
      const answer = await call(client, 'submit_signal', submission(changes));
      const [received] = signalReceiptSchema.parse(answer.structuredContent).received;
      const [stands] = (await harness.journal.guests.standing(0)).filter((each) => each.signal.agentId === 'loud');
      return { takenAs: received?.takenAs, signal: stands?.signal };
    };
    expect((await taken({})).takenAs).toBeUndefined();

    // A hundred per cent certain of a fall by half, over a market of some 85 basis points an hour: that sold everything that was held.
    const crash = { probabilities: { up: 0, flat: 0, down: 1 }, expectedReturn: -0.5, uncertainty: 0, conviction: 1 };
    const bounded = await taken(crash);
    const { uncertainty = 0, expectedReturn = 0, probabilities } = bounded.takenAs ?? {};
    expect(bounded.takenAs?.by).toBe('market');
    expect(uncertainty).toBeGreaterThan(0.007);
    expect(uncertainty).toBeLessThan(0.01);
    expect(expectedReturn).toBeCloseTo(-uncertainty / 2, 12);
    expect(probabilities).toEqual(outcomeProbabilities(expectedReturn, uncertainty));
    const rebuilt = { by: 'market', expectedReturn: -0.5, uncertainty: 0 };
    expect(bounded.signal).toMatchObject({ expectedReturn, uncertainty, probabilities, rebuilt });

    const coin = await taken({ probabilities: { up: 0.36, flat: 0.3, down: 0.34 }, expectedReturn: 0.004 });
    expect(coin.signal).toMatchObject({ rebuilt: { expectedReturn: 0.004, uncertainty: 0.01 } });
    expect(coin.signal?.expectedReturn).toBeCloseTo(0.00014, 4);
    await client.close();
  });

  it('brings a view over a horizon of its own, dated once however often it is heard', async () => {
    const client = await guest('patient', { role: 'shadow' });
    const before = Date.now();
    await call(client, 'submit_signal', submission({ horizonMs: 4 * HORIZON_MS, expectedReturn: 0.005 }));
    const heard = () =>
      createGuestActivities({ journal: harness.journal, account: 'main' }).hearGuests({
        guests: ['patient'],
        symbols: ['BTC/USDT'],
      });
    const [first, second] = [await heard(), await heard()];
    expect(second).toEqual(first);
    const [opinion] = first[0]?.opinions ?? [];
    if (opinion?.kind !== 'signal') throw new Error('no signal');
    const { formedAt = 0, validUntilAt, horizonMs } = opinion;
    expect(horizonMs).toBe(4 * HORIZON_MS);
    expect(formedAt).toBeGreaterThanOrEqual(before);
    expect(formedAt).toBeLessThanOrEqual(Date.now());
    expect(validUntilAt).toBe(formedAt + 4 * HORIZON_MS);
    await client.close();
  });

  it('is dated after the newest snapshot, by a machine whose clock is late as well', async () => {
    const lookedAt = Date.now() + 60_000;
    const late = await startHarness({ lookedAt });
    const client = await connectClient(late.url, 'auto');
    const invited = await call(client, 'invite_agent', { requestId: 'l', agentId: 'late', ...why });
    const own = await connectClient(late.url, 'auto', invitationSchema.parse(invited.structuredContent).token);
    await call(own, 'submit_signal', submission());
    const [stands] = await late.journal.guests.standing(0);
    expect(stands?.signal).toMatchObject({ formedAt: lookedAt + 1, validUntilAt: lookedAt + 1 + HORIZON_MS });
    await Promise.all([client.close(), own.close()]);
    await late.close();
  });

  it('is told where nothing is known of the market yet', async () => {
    const early = await startHarness({ looked: false });
    const client = await connectClient(early.url, 'auto');
    const invited = await call(client, 'invite_agent', { requestId: 'e', agentId: 'early', ...why });
    const { token } = invitationSchema.parse(invited.structuredContent);
    const own = await connectClient(early.url, 'auto', token);
    const answer = await call(own, 'submit_signal', submission());
    expect(answer.isError).toBe(true);
    expect(answer.text).toContain('Nothing is known of the market of BTC/USDT yet');
    expect(await early.journal.guests.standing(0)).toEqual([]);
    await Promise.all([client.close(), own.close()]);
    await early.close();
  });

  it('is counted in the consensus like any other', async () => {
    const client = await guest('voter-guest');
    await call(client, 'submit_signal', submission());
    const answers = await createGuestActivities({ journal: harness.journal, account: 'main' }).hearGuests({
      guests: ['voter-guest'],
      symbols: ['BTC/USDT'],
    });
    const input = { ...request('with-guest', [signal('deepseek')]), takenAt: Date.now() };
    const seat = input.answers.map((answer) => ({
      ...answer,
      opinions: answer.opinions.map((opinion) => ({ ...opinion, validUntilAt: Date.now() + HORIZON_MS })),
    }));
    const formed = await call(operator, 'form_consensus', { ...input, answers: [...seat, ...answers] });
    const consensus = consensusSchema.parse(formed.structuredContent);
    expect(consensus.symbols[0]?.votes.filter(({ counted }) => counted).map(({ agentId }) => agentId)).toEqual([
      'deepseek',
      'voter-guest',
    ]);
    expect(consensus.policy?.agents['voter-guest']).toMatchObject({ weight: 1, group: 'guests' });
    await client.close();
  });

  it('is on probation until a person says otherwise: its newest signal is heard and moves nothing', async () => {
    const { token, change } = await invite('on-probation', { role: undefined, weight: 3 });
    expect(change.after).toMatchObject({ enabled: true, role: 'shadow', weight: 3 });
    const client = await connectClient(harness.url, 'auto', token);
    const note = async () => {
      const fall = { probabilities: { up: 0.05, flat: 0.1, down: 0.85 }, expectedReturn: -0.004, conviction: 1 };
      const answer = await call(client, 'submit_signal', submission(fall));
      const [received] = signalReceiptSchema.parse(answer.structuredContent).received;
      return [received?.counts, received?.note];
    };
    expect(await note()).toEqual([false, 'shadow: scored, not counted']);
    const takenAt = Date.now();
    const form = async (cycleId: string) => {
      const brought = await createGuestActivities({ journal: harness.journal, account: 'main' }).hearGuests({
        guests: ['on-probation'],
        symbols: ['BTC/USDT'],
      });
      const seat = request(cycleId, [signal('deepseek', { validUntilAt: takenAt + HORIZON_MS })]);
      const input = { ...seat, takenAt, answers: [...seat.answers, ...brought] };
      const { structuredContent } = await call(operator, 'form_consensus', input);
      const [formed] = consensusSchema.parse(structuredContent).symbols;
      return [formed?.direction, formed?.votes.filter(({ counted }) => counted).map(({ agentId }) => agentId)];
    };
    expect(await form('probation-1')).toEqual(['up', ['deepseek']]);

    // Another token for one that has one leaves it as it was, and so does a person's word.
    expect((await invite('on-probation', { role: undefined })).change.after.role).toBe('shadow');
    const voter = { requestId: unique(), agentId: 'on-probation', role: 'voter', ...why };
    await call(operator, 'set_participation', voter);
    const again = await invite('on-probation', { role: undefined });
    expect(again.change.after).toMatchObject({ role: 'voter', weight: 3 });
    expect(await form('probation-2')).toEqual(['down', ['deepseek', 'on-probation']]);

    // Whoever was sent away begins anew.
    await call(operator, 'revoke_agent', { requestId: unique(), agentId: 'on-probation', ...why });
    expect((await invite('on-probation', { role: undefined })).change.after.role).toBe('shadow');
    await client.close();
  });

  it('signs for nobody but itself, and brings the same signal once', async () => {
    const client = await guest('honest');
    const twice = submission();
    const first = await call(client, 'submit_signal', twice);
    expect((await call(client, 'submit_signal', twice)).structuredContent).toEqual(first.structuredContent);
    const forged = await call(client, 'submit_signal', submission({ agentId: 'deepseek' }));
    expect(forged.isError).toBe(true);
    await client.close();
  });

  it('that comes late for a cycle is kept, and does not count', async () => {
    const client = await guest('sluggish');
    await call(operator, 'form_consensus', { ...request('decided', [signal('deepseek')]) });
    const late = await call(client, 'submit_signal', submission({}, { cycleId: 'decided' }));
    expect(signalReceiptSchema.parse(late.structuredContent).received[0]).toMatchObject({
      counts: false,
      note: 'late: decided had decided',
    });
    expect((await harness.journal.guests.standing(0)).some(({ signal: each }) => each.agentId === 'sluggish')).toBe(
      false,
    );
    const early = await call(client, 'submit_signal', submission({}, { cycleId: 'not-yet' }));
    expect(signalReceiptSchema.parse(early.structuredContent).received[0]).toMatchObject({ counts: true });
    await client.close();
  });

  it.each([
    [{ role: 'shadow' }, 'shadow: scored, not counted'],
    [{ weight: 0 }, 'weight 0'],
    [{ cap: 0 }, 'cap 0'],
    [{ role: 'guard' }, 'guard: does not vote, and may forbid to buy'],
  ])('with %j learns that its signal does not count', async (settings, note) => {
    const client = await guest(`silenced-${note.split(/\W/)[0]}`, settings);
    const answer = await call(client, 'submit_signal', submission());
    expect(signalReceiptSchema.parse(answer.structuredContent).received[0]).toMatchObject({ counts: false, note });
    await client.close();
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['of which the end is past', { validUntilAt: Date.now() - 60_000 }, /^expired \d+ ms before$/],
    ['without a conviction', { conviction: 0 }, /^no voice: conviction 0$/],
    ['of as good as none', { conviction: 0.0009 }, /^no voice: conviction 0$/],
  ])('learns that a signal %s cannot count', async (name, changes, note) => {
    const client = await guest(`nothing-${name.length}`);
    const answer = await call(client, 'submit_signal', submission(changes));
    expect(signalReceiptSchema.parse(answer.structuredContent).received[0]).toMatchObject({
      counts: false,
      note: expect.stringMatching(note),
    });
    await client.close();
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['another symbol', { symbol: 'DOGE/USDT' }, /DOGE\/USDT is not traded here: BTC\/USDT are/],
    [
      'what contradicts itself and says no other',
      { probabilities: { up: 1, flat: 0, down: 0 }, expectedReturn: -0.01 },
      /The expected return of -100.0 bps ± 100.0 bps contradicts the chances of up, flat and down/,
    ],
    ['probabilities beyond 1', { probabilities: { up: 1, flat: 1, down: 0 } }, /add up to 1/],
    ['a return of the moon', { expectedReturn: 40 }, /expectedReturn/],
    ['an endless rationale', { rationale: 'x'.repeat(601) }, /rationale/],
    ['an order', { quantity: '100' }, /quantity/],
  ])('is refused %s', async (_name, changes, reason) => {
    const client = await guest('careless');
    const answer = await call(client, 'submit_signal', submission(changes));
    expect(answer.isError).toBe(true);
    expect(answer.text).toMatch(reason);
    await client.close();
  });

  it.each<[string, Record<string, unknown>]>([
    ['form_consensus', { ...request('by-guest', [signal('deepseek')]) }],
    ['set_participation', { requestId: 'g', agentId: 'meddler', weight: 10, ...why }],
    ['set_policy', { requestId: 'g', settings: { minConviction: 0 }, ...why }],
    ['invite_agent', { requestId: 'g', agentId: 'friend', ...why }],
    ['revoke_agent', { requestId: 'g', agentId: 'newcomer', ...why }],
  ])('may not call %s', async (tool, input) => {
    const client = await guest('meddler');
    const answer = await call(client, tool, input);
    expect(answer.isError).toBe(true);
    expect(answer.text).toContain('An agent’s token may not do this');
    await client.close();
  });

  it('that was sent away has no way in, and its new token ends the old one', async () => {
    const { token } = await invite('passing');
    const { token: second } = await invite('passing');
    await expect(connectClient(harness.url, 'auto', token)).rejects.toThrow();
    const client = await connectClient(harness.url, 'auto', second);
    await client.close();
    await call(operator, 'revoke_agent', { requestId: unique(), agentId: 'passing', ...why });
    await expect(connectClient(harness.url, 'auto', second)).rejects.toThrow();
    expect((await harness.journal.participation.read()).agents['passing']?.enabled).toBe(false);
  });

  it('takes no seat, and the operator brings no signal', async () => {
    const seat = await call(operator, 'invite_agent', { requestId: unique(), agentId: 'qwen', ...why });
    expect(seat.text).toContain('no guest can take it');
    const unsigned = await call(operator, 'submit_signal', submission());
    expect(unsigned.text).toContain('Whose signal it is says the token');
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'Ann', 'g', 'a'.repeat(32)])(
    'is told why %s is no name, and nothing is written',
    async (agentId) => {
      const { version } = await harness.journal.participation.read();
      const named = { requestId: unique(), agentId, ...why };
      for (const [tool, input] of [
        ['invite_agent', named],
        ['revoke_agent', named],
        ['set_participation', { ...named, weight: 2 }],
        ['form_consensus', { ...request(`by-${agentId}`, [signal(agentId)]) }],
      ] as const) {
        const { isError, text } = await call(operator, tool, input);
        expect([tool, isError]).toEqual([tool, true]);
        expect(text).toMatch(
          /agentId: (must be a short lower-case name of 2 to 31 |is a word of the programming language)/,
        );
      }
      expect((await harness.journal.participation.read()).version).toBe(version);
    },
  );

  it('leaves no token in the journal or the log', async () => {
    const { token } = await invite('secretive');
    const client = await connectClient(harness.url, 'auto', token);
    await call(client, 'submit_signal', submission());
    await client.close();
    expect(JSON.stringify(await harness.journal.outbox.after(0, 10_000))).not.toContain(token);
    expect(JSON.stringify(harness.lines)).not.toContain(token);
    expect(harness.lines).toContainEqual(expect.objectContaining({ agent: 'secretive', target: 'submit_signal' }));
  });
});

describe('the policy', () => {
  it('is changed with who and why, once for a request, and a bad value is refused', async () => {
    const set = (requestId: string, settings: Record<string, unknown>) =>
      call(operator, 'set_policy', { requestId, settings, ...why });
    const changed = await set('p-1', { minConviction: 0.3 });
    expect(changed.structuredContent).toMatchObject({ before: { minConviction: 0 }, after: { minConviction: 0.3 } });
    expect((await set('p-1', { minConviction: 0.3 })).structuredContent).toEqual(changed.structuredContent);
    expect((await set('p-1', { minConviction: 0.4 })).text).toContain('was another change');
    expect((await set('p-2', { minConviction: 3 })).text).toContain('minConviction');
    expect((await set('p-3', {})).text).toContain('say what to change');
    expect((await set('p-4', { minimum: 3 })).text).toContain('minimum');
    const { settings } = await harness.journal.policy.read('main');
    expect(settings).toMatchObject({ minConviction: 0.3, quorumCount: 1 });
    await set('p-5', { minConviction: 0 });
  });
});
