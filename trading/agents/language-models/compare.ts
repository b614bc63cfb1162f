import { randomUUID } from 'node:crypto';
import type { PromptVersion } from '../../../contracts/config/language-models.ts';
import { priceOf } from '../../../contracts/config/model-prices.ts';
import type { AgentRequest } from '../../../contracts/signals.ts';
import { type Decimal, decimal, sum, text } from '../../../domain/money/money.ts';
import { tagged } from '../../../domain/money/tagged.ts';
import type { Answered } from '../../../domain/scoring/comparison.ts';
import { comparisonOf } from '../../../domain/signals/agents.ts';
import { agreeingAnswer } from '../../../domain/signals/agreement.ts';
import type { AgentAnswer, Opinion } from '../../../domain/signals/signals.ts';
import type { RecordedCase } from '../../training/cases.ts';
import { abstainingAnswer } from '../answer-check.ts';
import { AgentUnavailable, pauseAfter } from '../port.ts';
import { createLanguageModel, groupsOf } from './language-model.ts';
import type { ModelCalls } from './metering.ts';
import { prompts } from './prompts/prompts.ts';
import { type LanguageModelSettings, questionOf } from './question.ts';
import { costUsd, mostUse } from './token-use.ts';

/** What one prompt came to on all cases, in their order. */
export interface PromptResult {
  prompt: PromptVersion;
  answered: Answered[];
  /** Views that counted though something in their form was wrong. */
  salvaged: number;
  /** Without a view, by their reasons. */
  silent: Partial<Record<string, number>>;
  tokens: number;
  costUsd: string;
  /** Mean time of an answer. */
  latencyMs: number;
}

export interface Comparing {
  settings: LanguageModelSettings;
  prompts: readonly PromptVersion[];
  cases: readonly RecordedCase[];
  horizonMs: number;
}

/** The most that a comparison can cost, US dollars: each question once, as it would be reserved, and once more for a repair. */
export function mostCost({ settings, prompts: versions, cases, horizonMs }: Comparing): Decimal {
  const price = priceOf(settings.model, settings.prices);
  if (price === undefined) throw new TypeError(`${settings.model} has no price`);
  return sum(
    versions.flatMap((prompt) =>
      cases.flatMap((one) => {
        const request = requestOf(one, horizonMs, 'compare');
        const of = { market: one.snapshot, horizonMs };
        const features = one.snapshot.symbols.map((symbol) => prompts[prompt].featuresOf(symbol, of));
        const usable = features.filter((each) => typeof each !== 'string');
        const facts = { takenAt: one.snapshot.takenAt, horizonMinutes: horizonMs / 60_000 };
        return groupsOf(usable).map((group) => {
          const { question } = questionOf({ ...settings, prompt }, group, request, { facts });
          return costUsd(price, mostUse(question)).times(2);
        });
      }),
    ),
  );
}

/**
 * Asks a model about recorded cases by several prompts, a case after the other, and holds each answer against what came. Nothing of it is traded on or scored, and
 * neither news nor a record is shown: what a model may know of today must not be told of yesterday.
 *
 * @param calls where each request is reserved and kept, under a name of its own
 */
export async function comparePrompts(
  { settings, prompts: versions, cases, horizonMs }: Comparing,
  calls: ModelCalls,
  onCase: (done: number) => void = () => undefined,
): Promise<PromptResult[]> {
  const run = `compare/${randomUUID()}`;
  const most = text(mostCost({ settings, prompts: versions, cases, horizonMs }));
  const own: ModelCalls = {
    ...calls,
    reserve: (call, budget) => calls.reserve({ ...call, agentId: comparisonOf(settings.id) }, budget),
  };
  const contenders = versions.map((prompt) => ({
    prompt,
    agent: createLanguageModel({ ...settings, prompt, budgetPerCycleUsd: most }, own),
    answers: [] as AgentAnswer[],
  }));
  for (const [index, one] of cases.entries()) {
    for (const { agent, answers } of contenders) {
      answers.push(await answerOf(agent, requestOf(one, horizonMs, run)));
    }
    onCase(index + 1);
  }
  return contenders.map(({ prompt, answers }) => resultOf(prompt, answers, cases));
}

function requestOf({ snapshot }: RecordedCase, horizonMs: number, cycleId: string): AgentRequest {
  return { cycleId: tagged(cycleId), correlationId: cycleId, snapshot, horizonMs };
}

/** With one more try where that may mend it, as in a cycle. */
async function answerOf(agent: ReturnType<typeof createLanguageModel>, request: AgentRequest): Promise<AgentAnswer> {
  const never = new AbortController().signal;
  const startedAt = performance.now();
  const timed = async (): Promise<AgentAnswer> => {
    const answer = await agent.answer(request, never);
    return { ...answer, latencyMs: Math.round(performance.now() - startedAt) };
  };
  try {
    return await timed();
  } catch (error) {
    if (!(error instanceof AgentUnavailable)) throw error;
    await new Promise((resolve) => setTimeout(resolve, pauseAfter(error)));
  }
  return timed().catch((error: unknown) => {
    if (!(error instanceof AgentUnavailable)) throw error;
    return abstainingAnswer(agent.id, request, 'unavailable', error.message);
  });
}

function resultOf(
  prompt: PromptVersion,
  answers: readonly AgentAnswer[],
  cases: readonly RecordedCase[],
): PromptResult {
  // As a cycle would count them.
  const counted = answers.map(agreeingAnswer);
  const opinions = counted.flatMap((answer) => answer.opinions);
  const answered = cases.flatMap(({ cycleId, realised }, index) =>
    [...realised].map(([symbol, realisedReturn]) => {
      const opinion = counted[index]?.opinions.find((each) => each.symbol === symbol);
      return { caseId: cycleId, view: opinion?.kind === 'signal' ? opinion : undefined, realisedReturn };
    }),
  );
  const silent = Map.groupBy(
    opinions.filter((opinion) => opinion.kind === 'abstention'),
    ({ reason }) => reason,
  );
  return {
    prompt,
    answered,
    salvaged: opinions.filter(isSalvaged).length,
    silent: Object.fromEntries([...silent].map(([reason, each]) => [reason, each.length])),
    tokens: answers.reduce((total, { tokens }) => total + tokens, 0),
    costUsd: text(sum(answers.map((answer) => decimal(answer.costUsd)))),
    latencyMs: Math.round(answers.reduce((total, { latencyMs }) => total + latencyMs, 0) / answers.length),
  };
}

function isSalvaged(opinion: Opinion): boolean {
  return opinion.kind === 'signal' && opinion.evidence.some((each) => each.startsWith('salvaged: '));
}
