import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAgentActivities } from '../../activities/agents/index.ts';
import { createStandingActivities } from '../../activities/agents/standing.ts';
import type { AskReport } from '../../contracts/asking.ts';
import { configuredPolicy } from '../../contracts/config/schema.ts';
import type { CycleRecord } from '../../contracts/cycle.ts';
import { unpacked } from '../../contracts/packed-answer.ts';
import { agentTaskQueue } from '../../contracts/task-queues.ts';
import { defaultParticipation, perAgent } from '../../domain/consensus/participation.ts';
import type { AgentAnswer } from '../../domain/signals/signals.ts';
import { parseConfiguration } from '../../runtime/configuration/load.ts';
import { type Agent, AgentUnavailable, freeAnswer } from '../../trading/agents/port.ts';
import { snapshot } from '../domain/portfolio/plan.ts';
import { temporaryJournal } from '../support/books.ts';
import { cycleTerms } from '../support/cycle-terms.ts';
import { scriptedAgent } from '../support/scripted-agent.ts';
import { startTimeSkipping } from '../support/temporal.ts';
import { startWorkflowRig } from '../support/workflow-rig.ts';

const SECOND = 1_000;
const EVERY_MS = 600 * SECOND;
const [shown] = snapshot.symbols;
if (!shown) throw new Error('the snapshot shows nothing');
const market = { ...snapshot, symbols: [shown] };
const { symbol } = shown.instrument;
const standing = [{ agentId: 'qwen', askEveryMs: EVERY_MS }];
const logger = pino({ level: 'silent' });

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await startTimeSkipping();
});
afterAll(() => environment.teardown());

type Answer = Agent['answer'];
const view: Answer = (request, signal) =>
  scriptedAgent('qwen', () => ({ expectedReturn: 0.01 })).answer(request, signal);

/** Real books and a real worker of the agent, in a time that the test has pass, and cycles whose other steps are scripted. */
async function open(answer: Answer = view) {
  let now = Date.now();
  const configuration = parseConfiguration({ symbols: [symbol], agents: { qwen: { askEverySeconds: 600 } } }, 'a test');
  const journal = await temporaryJournal(() => now);
  await journal.participation.seed(perAgent(defaultParticipation));
  await journal.policy.adopt('main', configuredPolicy(configuration));
  const records: CycleRecord[] = [];
  const script = { paused: undefined as string | undefined, calls: 0, snapshots: 0 };
  const agent: Agent = {
    id: 'qwen',
    answer(request, signal) {
      script.calls += 1;
      return answer(request, signal);
    },
  };
  const tools = { journal, configuration, now: () => now } as unknown as Parameters<typeof createStandingActivities>[0];
  const rig = await startWorkflowRig(environment, {
    ...createStandingActivities(tools),
    pausedBy: async () => script.paused,
    takeSnapshot: async () => {
      script.snapshots += 1;
      return { ...market, takenAt: now };
    },
    openCycle: async () => cycleTerms({ agents: ['qwen'], symbols: [symbol], standing }),
    readPrices: async () => ({ takenAt: now, symbols: [] }),
    formConsensus: async () => ({ cycleId: 'c', symbols: [], formedBy: 'coordinator' }),
    planCycle: async () => ({
      cycleId: 'c',
      kind: 'independent',
      equity: '1',
      legs: [],
      verdicts: [],
      allocations: [],
    }),
    recordCycle: async (record: CycleRecord) => void records.push(record),
  });
  const worker = await startWorkflowRig(
    environment,
    createAgentActivities({
      agents: { qwen: agent },
      readSnapshot: async () => ({ ...market, takenAt: now }),
      logger,
    }),
    { taskQueue: agentTaskQueue('qwen') },
  );
  return {
    journal,
    script,
    /** Lets the time of market and books pass. */
    pass(ms: number): void {
      now += ms;
    },
    ask: async (): Promise<AskReport> => {
      return (await rig.start('askAgent', { account: 'main', seat: 'qwen' })).result() as Promise<AskReport>;
    },
    /** What a cycle had of the agent. */
    async cycle(): Promise<AgentAnswer | undefined> {
      await (await rig.start('tradingCycle', {})).result();
      return records.at(-1)?.answers.find(({ agentId }) => agentId === 'qwen');
    },
    async close(): Promise<void> {
      await rig.close();
      await worker.close();
      await journal.close();
    },
  };
}
type Opened = Awaited<ReturnType<typeof open>>;

async function within(work: (system: Opened) => Promise<void>, answer?: Answer): Promise<void> {
  const system = await open(answer);
  try {
    await work(system);
  } finally {
    await system.close();
  }
}

const change = (settings: object) => ({
  requestId: JSON.stringify(settings),
  agentId: 'qwen',
  settings,
  by: 'me',
  reason: 'a test',
});

describe('a question of an agent’s own schedule', () => {
  it('is heard by the cycles after it, with its age, for no time and no money of theirs', () =>
    within(async ({ ask, cycle, pass, script }) => {
      expect(await cycle()).toMatchObject({
        opinions: [{ reason: 'no_signal', detail: 'asked every 600 s: not asked yet' }],
      });
      expect(await ask()).toMatchObject({ said: { qwen: expect.stringContaining(`${symbol}: a view`) } });
      pass(90 * SECOND);
      const heard = await cycle();
      expect(heard).toMatchObject({ latencyMs: 0, tokens: 0, costUsd: '0', opinions: [{ kind: 'signal' }] });
      pass(90 * SECOND);
      expect((await cycle())?.opinions).toEqual(heard?.opinions);
      expect(script.calls).toBe(1);
      pass(41 * 60 * SECOND);
      expect((await cycle())?.opinions).toMatchObject([
        {
          reason: 'no_signal',
          detail: expect.stringMatching(/^asked every 600 s: its answer of .* does not stand any more$/),
        },
      ]);
    }));

  it(
    'is asked 144 times a day, which 2,880 cycles hear',
    () =>
      within(async ({ ask, journal, pass, script }) => {
        const tools = { journal, configuration: {} } as unknown as Parameters<typeof createStandingActivities>[0];
        const { hearStanding } = createStandingActivities(tools);
        let cycles = 0;
        let signals = 0;
        let at = Date.now();
        for (let round = 0; round < 144; round += 1) {
          await ask();
          for (let cycle = 0; cycle < 20; cycle += 1) {
            const [answer] = await hearStanding({ account: 'main', standing, symbols: [symbol], at });
            cycles += 1;
            if (answer && unpacked(answer).opinions[0]?.kind === 'signal') signals += 1;
            at += 30 * SECOND;
            pass(30 * SECOND);
          }
        }
        expect({ cycles, signals, calls: script.calls }).toEqual({ cycles: 2_880, signals: 2_880, calls: 144 });
      }),
    120_000,
  );

  it('is asked twice of a provider that is away for a moment, and is not asked again when it abstained', () => {
    let tries = 0;
    return within(
      async ({ ask, script }) => {
        expect(await ask()).toMatchObject({ said: { qwen: expect.stringContaining('a view') } });
        expect(script.calls).toBe(2);
      },
      async (request, signal): Promise<AgentAnswer> => {
        tries += 1;
        if (tries === 1) throw new AgentUnavailable('503');
        return view(request, signal);
      },
    );
  });

  it('leaves what was said before where it fails once', () => {
    let tries = 0;
    return within(
      async ({ ask, cycle, pass }) => {
        await ask();
        pass(EVERY_MS);
        expect(await ask()).toMatchObject({ said: { qwen: expect.stringContaining(`${symbol}: unavailable`) } });
        expect((await cycle())?.opinions).toMatchObject([{ kind: 'signal' }]);
        pass(EVERY_MS);
        await ask();
        expect((await cycle())?.opinions).toMatchObject([{ reason: 'unavailable' }]);
      },
      async (request, signal): Promise<AgentAnswer> => {
        tries += 1;
        if (tries > 1) throw new AgentUnavailable('503');
        return view(request, signal);
      },
    );
  });

  it('is taken back by an agent that has no view any more', () => {
    let tries = 0;
    return within(
      async ({ ask, cycle, pass }) => {
        await ask();
        pass(EVERY_MS);
        await ask();
        expect((await cycle())?.opinions).toMatchObject([{ reason: 'no_view' }]);
      },
      async (request, signal): Promise<AgentAnswer> => {
        tries += 1;
        if (tries === 1) return view(request, signal);
        const detail = 'nothing to say';
        return freeAnswer({ agentId: 'qwen', model: 'm', version: '1' }, [
          { kind: 'abstention', agentId: 'qwen', symbol, reason: 'no_view', detail },
        ]);
      },
    );
  });

  const hindrances: [string, string, (system: Opened) => Promise<unknown>][] = [
    [
      'trading is halted',
      'trading is halted',
      ({ journal }) => journal.control.raiseHalt({ requestId: 's', account: 'main', reason: 'a stop', by: 'me' }),
    ],
    [
      'cycles are paused',
      'the schedule of cycles is paused',
      async ({ script }) => void (script.paused = 'the schedule of cycles is paused: holidays'),
    ],
    [
      'the agent is switched off',
      'it is switched off',
      ({ journal }) => journal.participation.change(change({ enabled: false })),
    ],
    [
      'it was asked a moment ago',
      'it was asked 60 s ago, and is asked every 600 s',
      async ({ ask, pass }) => {
        await ask();
        pass(60 * SECOND);
      },
    ],
  ];
  it.each(hindrances)('is not asked where %s', (_, words, so) =>
    within(async (system) => {
      await so(system);
      const { calls, snapshots } = system.script;
      expect(await system.ask()).toEqual({ said: {}, notAsked: expect.stringContaining(words) });
      expect(system.script).toMatchObject({ calls, snapshots });
    }),
  );

  it('is asked again once what kept it from that has ended', () =>
    within(async ({ ask, journal, script }) => {
      await journal.participation.change(change({ enabled: false }));
      await ask();
      await journal.participation.change(change({ enabled: true }));
      await ask();
      expect(script.calls).toBe(1);
    }));
});

it('an agent whose queue nobody serves abstains with that as its reason', async () => {
  const journal = await temporaryJournal();
  const configuration = parseConfiguration(
    { symbols: [symbol], agents: { deepseek: { askEverySeconds: 600 } } },
    'a test',
  );
  await journal.participation.seed(perAgent(defaultParticipation));
  await journal.policy.adopt('main', configuredPolicy(configuration));
  const tools = { journal, configuration } as unknown as Parameters<typeof createStandingActivities>[0];
  const rig = await startWorkflowRig(environment, {
    ...createStandingActivities(tools),
    pausedBy: async () => undefined,
    takeSnapshot: async () => market,
  });
  try {
    const report = await (await rig.start('askAgent', { account: 'main', seat: 'deepseek' })).result();
    expect(report).toMatchObject({ said: { deepseek: expect.stringContaining('no_worker') } });
    expect(await journal.standing.read('main')).toMatchObject([
      {
        agentId: 'deepseek',
        endedAt: expect.any(Number),
        standing: { answer: { opinions: [{ reason: 'no_worker' }] } },
      },
    ]);
  } finally {
    await rig.close();
    await journal.close();
  }
});
