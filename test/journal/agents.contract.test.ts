import { describe, expect, it } from 'vitest';
import type { CycleRecord } from '../../contracts/cycle.ts';
import { policySchema } from '../../contracts/participation.ts';
import { defaultParticipation, perAgent } from '../../domain/consensus/participation.ts';
import type { Price } from '../../domain/money/money.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { noRecord } from '../../domain/scoring/belief.ts';
import { normalCrps } from '../../domain/scoring/returns.ts';
import { SCORE_MEMORY_MS } from '../../domain/scoring/scoring.ts';
import {
  type AbstentionReason,
  type AgentAnswer,
  abstain,
  type Opinion,
  type Signal,
} from '../../domain/signals/signals.ts';
import { policyInForce } from '../../trading/decide/consensus.ts';
import { rescore } from '../../trading/score/scores.ts';
import { adapterNames } from './adapters.ts';
import { FreshBooks } from './fresh-books.ts';

const HOUR = 3_600_000;
const why = { by: 'me', reason: 'a test' };

function signal(agentId: string, changes: Partial<Signal> = {}): Signal {
  return {
    kind: 'signal',
    agentId,
    symbol: 'BTC/USDT',
    probabilities: { up: 0.8, flat: 0.1, down: 0.1 },
    expectedReturn: 0.002,
    uncertainty: 0.01,
    conviction: 0.5,
    horizonMs: HOUR,
    validUntilAt: 5 * HOUR,
    rationale: '',
    evidence: [],
    ...changes,
  };
}

function answer(agentId: string, ...opinions: Opinion[]): AgentAnswer {
  return { agentId, opinions, model: 'm', version: '1', latencyMs: 1, tokens: 0, costUsd: '0' };
}

const silent = (agentId: string, reason: AbstentionReason) =>
  answer(agentId, ...abstain(agentId, ['BTC/USDT'], reason, ''));

function decision(cycleId: string, takenAt: number, answers: AgentAnswer[], price = '100'): CycleRecord {
  return {
    cycleId: tagged(cycleId),
    correlationId: cycleId,
    runId: 'r',
    account: 'main',
    mode: 'paper',
    outcome: 'NO_TRADE',
    summary: '',
    startedAt: takenAt,
    finishedAt: takenAt + 1,
    epoch: 1,
    snapshot: { snapshotId: 's', takenAt, venue: 'binance', mids: { 'BTC/USDT': tagged(price) } },
    answers,
    consensus: undefined,
    plan: undefined,
    orders: [],
    fills: [],
    equity: undefined,
  };
}

describe.each(adapterNames)('the books of agents on %s', (name) => {
  const books = new FreshBooks(name);
  const seed = () => books.journal.participation.seed(perAgent(defaultParticipation));

  it('keep a policy as they keep the limits: a person’s change stays until the configuration changes', async () => {
    const { policy } = books.journal;
    await expect(policy.read('main')).rejects.toMatchObject({ code: 'NoPolicy' });
    const configured = policySchema.parse({ quorumCount: 1 });
    await policy.adopt('main', configured);
    const request = { requestId: 'q', account: 'main', settings: { minConviction: 0.2 }, ...why };
    const change = await policy.change(request);
    expect(change).toMatchObject({ before: { minConviction: 0 }, after: { minConviction: 0.2, quorumCount: 1 } });
    expect(await policy.change(request)).toEqual(change);
    await policy.adopt('main', configured);
    expect((await policy.read('main')).settings.minConviction).toBe(0.2);
    await policy.adopt('main', { ...configured, quorumCount: 2 });
    expect((await policy.read('main')).settings).toMatchObject({ minConviction: 0, quorumCount: 2 });
    expect((await policy.changes('main', 10)).map(({ by }) => by)).toEqual(['configuration', 'me', 'configuration']);
    const kinds = (await books.journal.outbox.after(0, 100)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'policy.changed')).toHaveLength(3);
  });

  it('change what is named of an agent, and refuse a stranger', async () => {
    await seed();
    const { participation } = books.journal;
    const change = await participation.change({
      requestId: 'x',
      agentId: 'qwen',
      settings: { role: 'shadow', cap: 0.3, pinned: true },
      ...why,
    });
    expect(change.after).toEqual({ ...defaultParticipation('qwen'), role: 'shadow', cap: 0.3, pinned: true });
    await expect(
      participation.change({ requestId: 'y', agentId: 'stranger', settings: { weight: 1 }, ...why }),
    ).rejects.toMatchObject({ code: 'AgentUnknown' });
  });

  it('know a guest by its last token, until it is sent away', async () => {
    await seed();
    const { guests, participation } = books.journal;
    const invite = (requestId: string, tokenHash: string) =>
      guests.invite({ requestId, agentId: 'guest', tokenHash, settings: { weight: 2 }, ...why });
    expect((await invite('i-1', 'aa')).after).toMatchObject({ role: 'shadow', weight: 2 });
    await invite('i-1', 'bb');
    expect([await guests.byToken('aa'), await guests.byToken('bb')]).toEqual(['guest', undefined]);
    await invite('i-2', 'cc');
    expect([await guests.byToken('aa'), await guests.byToken('cc')]).toEqual([undefined, 'guest']);
    await expect(
      guests.invite({ requestId: 'i-3', agentId: 'qwen', tokenHash: 'dd', settings: {}, ...why }),
    ).rejects.toMatchObject({ code: 'NameTaken' });
    await guests.revoke({ requestId: 'r', agentId: 'guest', ...why });
    expect(await guests.byToken('cc')).toBeUndefined();
    expect((await participation.read()).agents['guest']).toMatchObject({ enabled: false, weight: 2 });
    // On probation, as at first, whatever it was before.
    await participation.change({ requestId: 'v', agentId: 'guest', settings: { role: 'voter' }, ...why });
    expect((await invite('i-4', 'ee')).after).toMatchObject({ enabled: false, role: 'shadow' });
    await participation.change({ requestId: 'w', agentId: 'guest', settings: { role: 'voter' }, ...why });
    expect((await invite('i-5', 'ff')).after.role).toBe('voter');
    await expect(guests.revoke({ requestId: 's', agentId: 'qwen', ...why })).rejects.toMatchObject({
      code: 'AgentUnknown',
    });
  });

  it('keep each signal of a guest once, and show the newest that is neither old nor late', async () => {
    await seed();
    const { guests, cycles } = books.journal;
    const submit = (requestId: string, changes: Partial<Signal> = {}, cycleId?: string) =>
      guests.submit(requestId, {
        signal: signal('guest', changes),
        model: 'm',
        version: '1',
        ...(cycleId === undefined ? {} : { cycleId }),
      });
    const first = await submit('1');
    books.now += 10;
    expect(await submit('1', { conviction: 1 })).toEqual(first);
    await submit('2', { conviction: 0.9 });
    await submit('2', { symbol: 'ETH/USDT' });
    const formed = {
      cycleId: 'c',
      policyVersion: 1,
      method: 'linear-pool/1',
      symbols: [],
      formedAt: 1,
      formedBy: 'cycle',
    } as const;
    await cycles.saveConsensus({ ...formed, symbols: [] });
    expect(await submit('3', { conviction: 0.1 }, 'c')).toMatchObject({ lateFor: 'c' });
    const standing = await guests.standing(first.receivedAt);
    expect(standing.map(({ signal: { symbol, conviction } }) => `${symbol} ${conviction}`).toSorted()).toEqual([
      'BTC/USDT 0.9',
      'ETH/USDT 0.5',
    ]);
    expect(await guests.standing(books.now + 1)).toEqual([]);
  });

  it('count failures in a row, and start anew with an answer', async () => {
    const { cycles, participation } = books.journal;
    await cycles.record(decision('c-1', 1, [silent('qwen', 'timeout'), silent('fingpt', 'no_endpoint')]));
    books.now += 5;
    await cycles.record(decision('c-2', 2, [silent('qwen', 'unavailable'), silent('fingpt', 'no_endpoint')]));
    await cycles.record(decision('c-2', 2, [silent('qwen', 'unavailable')]));
    expect(await participation.health()).toMatchObject({
      qwen: { failures: 2, failedAt: books.now },
      fingpt: { failures: 0 },
    });
    // Left alone is neither a failure nor an answer.
    await cycles.record(decision('c-3', 3, [silent('qwen', 'cooling_down')]));
    expect((await participation.health())['qwen']).toMatchObject({ failures: 2 });
    await cycles.record(decision('c-4', 4, [answer('qwen', signal('qwen'))]));
    expect((await participation.health())['qwen']).toMatchObject({ failures: 0 });
    await cycles.record(decision('c-5', 5, [silent('qwen', 'no_worker'), silent('fingpt', 'wrong_model')]));
    expect(await participation.health()).toMatchObject({ qwen: { failures: 1 }, fingpt: { failures: 0 } });
  });

  it('keep what an agent failed in last for as long as it fails, whatever characters that has', async () => {
    const { cycles, participation } = books.journal;
    const failing = (...details: string[]) =>
      answer('qwen', ...details.flatMap((detail) => abstain('qwen', ['BTC/USDT'], 'unavailable', detail)));
    const healthOfQwen = async () => (await participation.health())['qwen'];
    await cycles.record(decision('c-1', 1, [failing('refused: ECONNREFUSED')]));
    await cycles.record(decision('c-2', 2, [failing('no name server answers: EAI_AGAIN', 'another symbol')]));
    const cause = 'unavailable: no name server answers: EAI_AGAIN';
    expect(await healthOfQwen()).toEqual({ failures: 2, failedAt: books.now, reason: 'unavailable', cause });
    await cycles.record(decision('c-3', 3, [silent('qwen', 'cooling_down')]));
    expect(await healthOfQwen()).toMatchObject({ failures: 2, cause });
    await cycles.record(decision('c-4', 4, [answer('qwen', signal('qwen'))]));
    expect(await healthOfQwen()).toEqual({ failures: 0, failedAt: books.now });
    const odd = `zero \u0000, half \uD800, ${'\u{1F4C9}'.repeat(400)}`;
    await cycles.record(decision('c-5', 5, [failing(odd)]));
    const kept = (await healthOfQwen())?.cause ?? '';
    expect(kept.slice(0, 25)).toBe('unavailable: zero \u0000, half');
    expect([kept.isWellFormed(), kept.length <= 250]).toEqual([true, true]);
  });

  it('settle each signal once when its horizon has ended, and let the score earn weight', async () => {
    await seed();
    const { cycles, scores, policy } = books.journal;
    await policy.adopt('main', policySchema.parse({ quorumCount: 1 }));
    const rising = (n: number) => n % 2 === 0;
    const [up, down] = [
      { up: 0.45, flat: 0.2, down: 0.35 },
      { up: 0.35, flat: 0.2, down: 0.45 },
    ];
    for (let n = 0; n < 60; n += 1) {
      const right = signal('deepseek', { probabilities: rising(n) ? up : down });
      const wrong = signal('qwen', { probabilities: rising(n) ? down : up });
      const answers = [answer('deepseek', right), answer('qwen', wrong), silent('fingpt', 'no_endpoint')];
      await cycles.record(decision(`c-${n}`, n * HOUR, answers));
    }
    expect(await scores.due('main', HOUR - 1, 10)).toEqual([]);
    const due = await scores.due('main', 60 * HOUR, 1_000);
    expect(due).toHaveLength(120);
    expect(due[0]).toEqual({ cycleId: 'c-0', agentId: 'deepseek', symbol: 'BTC/USDT', price: '100', dueAt: HOUR });

    // The price of the last hour is not to be had.
    const outcomes = due.map((each, index) => ({
      ...each,
      finalPrice: index >= 118 ? undefined : tagged<Price>(rising(Number(each.cycleId.slice(2))) ? '101' : '99'),
    }));
    expect(await scores.settle('main', outcomes)).toEqual(['deepseek', 'qwen']);
    const written = await rescore(books.journal, 'main', ['deepseek', 'qwen'], 61 * HOUR);
    expect(written.map(({ agentId, count }) => [agentId, count])).toEqual([
      ['deepseek', 59],
      ['qwen', 59],
    ]);
    expect(await scores.due('main', 61 * HOUR, 10)).toEqual([]);
    expect(await scores.settle('main', outcomes)).toEqual([]);
    expect(await scores.read('main')).toEqual(written);

    const { agents } = await policyInForce(books.journal, { account: 'main', demo: false });
    expect(agents['deepseek']?.trust).toBe(written[0]?.trust);
    expect(agents['deepseek']?.trust).toBeGreaterThan(1.5);
    expect(agents['qwen']?.trust).toBeLessThan(0.7);
    expect(agents['fingpt']?.trust).toBe(1);
    expect(agents['fingpt']?.calibration).toEqual(noRecord);
    expect(agents['deepseek']?.calibration).toEqual(written[0]?.belief);
    const demonstrated = await policyInForce(books.journal, { account: 'main', demo: true });
    expect(Object.values(demonstrated.agents).filter((agent) => 'calibration' in agent)).toEqual([]);
    const kinds = (await books.journal.outbox.after(0, 1_000)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'agent.scored')).toHaveLength(2);
    // Once an hour is often enough.
    expect(await rescore(books.journal, 'main', ['deepseek'], 61.9 * HOUR)).toEqual([]);
    expect(await rescore(books.journal, 'main', ['deepseek'], 62 * HOUR)).toHaveLength(1);
  });

  it('sum what came by the period of the horizon, whenever it is known, and forget what is too old', async () => {
    const { cycles, scores } = books.journal;
    const said = [0, 20, 40, 60, 80].map((minute) => minute * 60_000);
    for (const [n, takenAt] of said.entries())
      await cycles.record(decision(`c-${n}`, takenAt, [answer('deepseek', signal('deepseek'))]));
    const due = (await scores.due('main', 10 * HOUR, 10)).map((each) => ({
      ...each,
      finalPrice: tagged<Price>('101'),
    }));
    // The second comes late, and what came before is settled again.
    expect(await scores.settle('main', due.toSpliced(1, 1))).toEqual(['deepseek']);
    expect(await scores.settle('main', due)).toEqual(['deepseek']);
    const periods = await scores.periods('main', 'deepseek', 0);
    expect(
      periods.map(({ endsAt, horizonMs, symbol, sums }) => [endsAt, horizonMs, symbol, sums.count, sums.up]),
    ).toEqual([
      [2 * HOUR, HOUR, 'BTC/USDT', 3, 3],
      [3 * HOUR, HOUR, 'BTC/USDT', 2, 2],
    ]);
    expect(await scores.periods('main', 'deepseek', 2 * HOUR)).toHaveLength(1);
    expect(await scores.periods('main', 'qwen', 0)).toEqual([]);
    await rescore(books.journal, 'main', ['deepseek'], SCORE_MEMORY_MS + 2 * HOUR);
    expect((await scores.periods('main', 'deepseek', 0)).map(({ endsAt }) => endsAt)).toEqual([3 * HOUR]);
  });

  it('sum views of each a horizon of its own by periods of few lengths: those of an hour are one observation', async () => {
    const { cycles, scores } = books.journal;
    const chosen = [0.2, 0.5, 0.999_99, 1, 1.000_01, 2.5, 7, 30].map((hours) => Math.round(hours * HOUR));
    for (const [n, horizonMs] of chosen.entries())
      await cycles.record(decision(`c-${n}`, n, [answer('deepseek', signal('deepseek', { horizonMs }))]));
    const due = await scores.due('main', 40 * HOUR, 10);
    await scores.settle(
      'main',
      due.map((each) => ({ ...each, finalPrice: tagged<Price>('100.5') })),
    );
    const periods = await scores.periods('main', 'deepseek', 0);
    expect(periods.map(({ endsAt, horizonMs, sums }) => [endsAt, horizonMs, sums.count])).toEqual([
      [HOUR, HOUR, 3],
      [2 * HOUR, HOUR, 1],
      [4 * HOUR, 4 * HOUR, 2],
      [24 * HOUR, 24 * HOUR, 1],
      [168 * HOUR, 168 * HOUR, 1],
    ]);
    // Squares as they would be over all of the period: of 0.2, 0.5 and nearly one hour.
    const squares = 0.005 ** 2 * (1 / 0.2 + 1 / 0.5 + 1 / 0.999_99);
    expect(periods[0]?.sums.returns?.cameSquared).toBeCloseTo(squares, 8);
  });

  it('keep a signal that stands for many cycles once, over what was left of its horizon when it was first heard', async () => {
    const { cycles, scores } = books.journal;
    const standing = signal('deepseek', { formedAt: 0.25 * HOUR, expectedReturn: 0.004, uncertainty: 0.01 });
    for (const [n, takenAt] of [0.5, 0.6, 0.7].entries())
      await cycles.record(decision(`c-${n}`, takenAt * HOUR, [answer('deepseek', standing)], String(100 + n)));
    // Of the next view, and of one whose horizon was over when a cycle heard it.
    await cycles.record(
      decision('c-3', 0.8 * HOUR, [
        answer('deepseek', { ...standing, formedAt: 0.75 * HOUR }),
        answer('qwen', signal('qwen', { formedAt: 0, horizonMs: 0.5 * HOUR })),
      ]),
    );
    const due = await scores.due('main', 10 * HOUR, 10);
    expect(due).toEqual([
      { cycleId: 'c-0', agentId: 'deepseek', symbol: 'BTC/USDT', price: '100', dueAt: 1.25 * HOUR },
      { cycleId: 'c-3', agentId: 'deepseek', symbol: 'BTC/USDT', price: '100', dueAt: 1.75 * HOUR },
    ]);
    await scores.settle(
      'main',
      due.slice(0, 1).map((each) => ({ ...each, finalPrice: tagged<Price>('100.5') })),
    );
    const [period] = await scores.periods('main', 'deepseek', 0);
    // Three quarters of the hour are left: μ = 0.004·3/4, σ = 0.01·√(3/4).
    const [expected, uncertainty] = [0.003, 0.01 * Math.sqrt(0.75)];
    expect(period).toMatchObject({ horizonMs: HOUR, endsAt: 2 * HOUR, sums: { count: 1, returns: { count: 1 } } });
    expect(period?.sums.returns?.said).toBeCloseTo(expected, 12);
    expect(period?.sums.returns?.came).toBeCloseTo(0.005, 12);
    expect(period?.sums.returns?.score).toBeCloseTo(expected / uncertainty, 12);
    const settled = (await books.journal.outbox.after(0, 100)).find(({ kind }) => kind === 'signal.settled');
    expect(settled?.payload).toMatchObject({ formedAt: 0.25 * HOUR, horizonMs: HOUR, conviction: 0.5 });
  });

  it('score a view that came after the snapshot from the price of the next one, and once however late the market’s clock is', async () => {
    const { cycles, scores } = books.journal;
    const MINUTE = 60_000;
    const late = signal('guest', { formedAt: HOUR + 5_000 });
    const ahead = signal('qwen', { formedAt: HOUR + 5 * MINUTE });
    for (const n of [0, 1, 2, 3])
      await cycles.record(
        decision(`c-${n}`, HOUR + n * MINUTE, [answer('guest', late), answer('qwen', ahead)], String(100 + n)),
      );
    const [only, ...more] = await scores.due('main', 10 * HOUR, 10);
    expect(more).toEqual([]);
    expect(only).toMatchObject({ cycleId: 'c-1', agentId: 'guest', price: '101', dueAt: 2 * HOUR + 5_000 });
    for (const n of [4, 5, 6, 7])
      await cycles.record(decision(`c-${n}`, HOUR + n * MINUTE, [answer('qwen', ahead)], String(100 + n)));
    expect((await scores.due('main', 10 * HOUR, 10)).slice(1)).toMatchObject([
      { cycleId: 'c-5', agentId: 'qwen', price: '105', dueAt: 2 * HOUR + 5 * MINUTE },
    ]);
  });

  it('score what a guest replaces before each snapshot from the price at the decision that heard it, each once', async () => {
    const { cycles, scores } = books.journal;
    const MINUTE = 60_000;
    const replaced = (n: number) => answer('guest', signal('guest', { formedAt: HOUR + n * MINUTE + 5_000 }));
    const heardIn = (n: number, price: string): CycleRecord => ({
      ...decision(`c-${n}`, HOUR + n * MINUTE, [replaced(n)], price),
      prices: { takenAt: HOUR + n * MINUTE + 6_000, mids: { 'BTC/USDT': tagged(`${price}.5`) } },
    });
    for (const n of [0, 1]) await cycles.record(heardIn(n, String(100 + n)));
    // It stands until the next snapshot as well, and is no second submission for that.
    await cycles.record(decision('c-2', HOUR + 2 * MINUTE, [replaced(1)], '102'));
    expect(await scores.due('main', 10 * HOUR, 10)).toEqual(
      [0, 1].map((n) => ({
        cycleId: `c-${n}`,
        agentId: 'guest',
        symbol: 'BTC/USDT',
        price: `${100 + n}.5`,
        dueAt: 2 * HOUR + n * MINUTE + 5_000,
      })),
    );
  });

  it('hold what is expected against the market as it was known, and never before it was', async () => {
    const { cycles, scores } = books.journal;
    for (let n = 0; n < 16; n += 1)
      await cycles.record(decision(`c-${n}`, n * HOUR, [answer('deepseek', signal('deepseek'))]));
    const due = await scores.due('main', 16 * HOUR, 100);
    for (const [n, each] of due.entries())
      await scores.settle('main', [{ ...each, finalPrice: tagged<Price>(n % 2 === 0 ? '101' : '99') }]);
    const periods = await scores.periods('main', 'deepseek', 0);
    // Twelve periods have to have ended when the horizon of one began.
    expect(periods.map(({ sums }) => sums.returns?.compared)).toEqual([...Array<number>(13).fill(0), 1, 1, 1]);
    expect(periods[13]?.sums.returns?.referenceCrps).toBeCloseTo(normalCrps(0, 0.01, -0.01), 9);
    const [record] = await rescore(books.journal, 'main', ['deepseek'], 18 * HOUR);
    expect(record?.returns?.bias).toBeCloseTo(-0.002, 3);
    expect(record?.returns?.crpsSkill).toBeLessThan(0);
    expect(record?.belief).toMatchObject({ prior: expect.closeTo(1, 1) });
    expect((await scores.read('main'))[0]).toEqual(record);
  });
});
