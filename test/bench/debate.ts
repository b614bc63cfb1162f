import { parseArgs } from 'node:util';
import type { AgentRequest } from '../../contracts/signals.ts';
import { afterDebate, debateQuestions } from '../../domain/consensus/debate.ts';
import { mostProbable } from '../../domain/consensus/pooling.ts';
import { tagged } from '../../domain/money/tagged.ts';
import { halfBrier, outcomeOf } from '../../domain/scoring/periods.ts';
import type { AgentAnswer, Signal } from '../../domain/signals/signals.ts';
import { mean } from '../../domain/statistics/statistics.ts';
import { createBaseline } from '../../trading/agents/baseline/baseline.ts';
import { createHummingbotSeat } from '../../trading/agents/hummingbot/hummingbot.ts';
import type { Agent } from '../../trading/agents/port.ts';
import { agentFrom, DEEPSEEK_KEY } from '../agents/agents.ts';
import { bookAround, candlesOf, HORIZON_MS, requestFor, symbolSnapshot, walk } from '../agents/market.ts';
import { startSmallModel } from '../support/small-model.ts';

/**
 * The debate, on and off, over the same markets: what changes, what it costs, and whether the answers get better. The voices are two seats of a
 * real small model, the quoting logic and the baseline rule; the markets are random walks with a drift, so that there is something to know.
 * Two prompts of one model of 135 million parameters say little of what large models would do: the harness is what stays.
 */
const { values } = parseArgs({ options: { markets: { type: 'string', default: '12' } } });
const MINUTES = HORIZON_MS / 60_000;

const model = await startSmallModel('deepseek-flash', 'qwen3.8-flash');
const never = new AbortController().signal;
const settings = { baseUrl: `${model.url}/v1`, timeoutSeconds: 150, budgetPerCycleUsd: '1', budgetPerDayUsd: '100' };
const keys = { deepseekApiKey: model.apiKey || DEEPSEEK_KEY, qwenApiKey: model.apiKey };
const voices: Agent[] = [
  agentFrom('deepseek', { deepseek: settings }, keys),
  agentFrom('qwen', { qwen: settings }, keys),
  createHummingbotSeat({ riskFactor: 1 }),
  createBaseline(),
];

interface Market {
  request: AgentRequest;
  /** What comes over the horizon. */
  realisedReturn: number;
}

function marketOf(seed: number): Market {
  const driftPerHour = [-0.01, 0, 0.01][seed % 3] ?? 0;
  const closes = walk({ count: 120 + MINUTES, seed, start: 1_000, driftPerHour });
  const now = closes[119] ?? 0;
  return {
    request: requestFor([symbolSnapshot('BTC/USDT', candlesOf(closes.slice(0, 120)), bookAround(now))]),
    realisedReturn: (closes.at(-1) ?? now) / now - 1,
  };
}

const signalOf = ({ opinions }: Pick<AgentAnswer, 'opinions'>): Signal | undefined =>
  opinions.find((opinion): opinion is Signal => opinion.kind === 'signal');

async function timed(agent: Agent, request: AgentRequest): Promise<AgentAnswer> {
  const startedAt = performance.now();
  const answer = await agent.answer(request, never);
  return { ...answer, latencyMs: performance.now() - startedAt };
}

interface Round {
  before: Signal;
  after: Signal;
  realisedReturn: number;
  tokens: { off: number; on: number };
  latencyMs: { off: number; on: number };
}

const rounds: Round[] = [];
let distanceBefore = 0;
let distanceAfter = 0;
const count = Number(values.markets);
try {
  for (let seed = 1; seed <= count; seed += 1) {
    const { request, realisedReturn } = marketOf(seed);
    const first: AgentAnswer[] = [];
    for (const voice of voices) first.push(await timed(voice, { ...request, cycleId: tagged(`debate-${seed}`) }));
    const questions = debateQuestions(first);
    const second: AgentAnswer[] = [];
    for (const [index, answer] of first.entries()) {
      const others = questions.get(answer.agentId);
      const voice = voices[index];
      if (!others || !voice) continue;
      const after = afterDebate(
        answer,
        await timed(voice, { ...request, cycleId: tagged(`debate-${seed}-2`), others }),
      );
      second.push(after);
      const [said, says] = [signalOf(answer), signalOf(after)];
      if (!said || !says) continue;
      rounds.push({
        before: said,
        after: says,
        realisedReturn,
        tokens: { off: answer.tokens, on: after.tokens },
        latencyMs: { off: answer.latencyMs, on: after.latencyMs },
      });
    }
    const ups = (answers: AgentAnswer[]) => answers.flatMap((answer) => signalOf(answer)?.probabilities.up ?? []);
    distanceBefore += Math.abs((ups(first)[0] ?? 0) - (ups(first)[1] ?? 0)) / count;
    distanceAfter += Math.abs((ups(second)[0] ?? 0) - (ups(second)[1] ?? 0)) / count;
    process.stderr.write(`${seed} of ${count} markets\n`);
  }
} finally {
  model.close();
}

const over = (of: (round: Round) => number): number => mean(rounds.map(of));
const brier = (signal: Signal, realisedReturn: number) => halfBrier(signal.probabilities, outcomeOf(realisedReturn));
const figures = {
  markets: count,
  answers: rounds.length,
  changedDirection: over(({ before, after }) =>
    mostProbable(before.probabilities) === mostProbable(after.probabilities) ? 0 : 1,
  ),
  movedProbabilityUp: over(({ before, after }) => Math.abs(after.probabilities.up - before.probabilities.up)),
  distanceOfTheTwo: { off: distanceBefore, on: distanceAfter },
  brier: {
    off: over(({ before, realisedReturn }) => brier(before, realisedReturn)),
    on: over(({ after, realisedReturn }) => brier(after, realisedReturn)),
  },
  tokensRatio: over(({ tokens }) => tokens.on) / over(({ tokens }) => tokens.off),
  latencyRatio: over(({ latencyMs }) => latencyMs.on) / over(({ latencyMs }) => latencyMs.off),
};
process.stdout.write(
  [
    `${figures.answers} answers in ${count} markets, with the debate off and on`,
    `direction changed in ${(figures.changedDirection * 100).toFixed(0)} % of them, P(up) moved by ${figures.movedProbabilityUp.toFixed(3)} on average`,
    `distance of the two models' P(up): ${distanceBefore.toFixed(3)} off, ${distanceAfter.toFixed(3)} on`,
    `half-Brier score: ${figures.brier.off.toFixed(4)} off, ${figures.brier.on.toFixed(4)} on (lower is better; all alike: 0.3333)`,
    `tokens ${figures.tokensRatio.toFixed(2)} x, time ${figures.latencyRatio.toFixed(2)} x`,
    JSON.stringify(figures),
    '',
  ].join('\n'),
);
