import { createHash, randomUUID } from 'node:crypto';
import { isBrokenCircuitError } from 'cockatiel';
import OpenAI, { APIError } from 'openai';
import { z } from 'zod';
import type { CycleId } from '../../../domain/orders/ids.ts';
import type { NewsItem } from '../../../domain/signals/news.ts';
import type { SeatId } from '../../../domain/signals/seats.ts';
import type { Sentiment } from '../../../domain/signals/sentiment.ts';
import { createBreaker } from '../../../runtime/telemetry/breaker.ts';
import { scrub } from '../../../runtime/telemetry/logger.ts';
import { AnswerTooLong, boundedFetch } from '../bounded-fetch.ts';
import { connectionFault } from '../connection-failure.ts';
import { CompletionRefused } from '../language-models/completion.ts';
import type { ModelCalls } from '../language-models/metering.ts';
import { SENTIMENT_VERSION, sentimentPrompt } from '../language-models/prompts/sentiment-1.ts';
import { printable } from '../language-models/reply.ts';
import { AgentUnavailable } from '../port.ts';
import { originOf } from '../probe.ts';
import type { SentimentSeat } from './seats.ts';

/** The longest label, "moderately negative", is four tokens of Llama's. */
const SAMPLING = { temperature: 0, max_tokens: 6, logprobs: 5, seed: 1 };
/** Chance that the label is right which a server gives without saying how sure it is: F1 of FinGPT v3.2 on four data sets is 0.64 to 0.89. */
const LABEL_STRENGTH = 0.7;
/** Less than this on the three labels together, and the model was not answering the question. */
const MIN_LABEL_MASS = 0.5;
const KNOWN_ITEMS = 2_000;
/** Of the seven labels that a part of the training data has (NWGI): the same chance, stretched and shrunk. */
const DEGREE_STRENGTH = { strong: 0.85, moderate: LABEL_STRENGTH, mild: 0.5 } as const;

const labels = ['positive', 'neutral', 'negative'] as const;
type Label = (typeof labels)[number];

const ranked = z.array(z.object({ token: z.string(), logprob: z.number() }));
/** Of the first token, by token: in the form of OpenAI's completions (vLLM), or in that of its chats, which llama.cpp gives here as well. */
const logprobsSchema = z
  .object({
    top_logprobs: z.array(z.record(z.string(), z.number())).nullish(),
    content: z.array(z.object({ top_logprobs: ranked })).nullish(),
  })
  .transform(
    ({ top_logprobs: byToken, content }) =>
      byToken?.[0] ?? Object.fromEntries((content?.[0]?.top_logprobs ?? []).map((each) => [each.token, each.logprob])),
  );

const completionSchema = z.object({
  model: z.string().optional(),
  choices: z
    .array(
      z.object({
        text: z.string(),
        finish_reason: z.string().nullish(),
        logprobs: logprobsSchema.nullish(),
      }),
    )
    .min(1),
  usage: z.object({ total_tokens: z.int().min(0) }).nullish(),
});

export interface RatedItem {
  sentiment: Sentiment;
  tokens: number;
}

export type RateNews = (
  cycleId: CycleId,
  model: string,
  item: NewsItem,
  signal: AbortSignal,
) => Promise<RatedItem | undefined>;

/**
 * Has a model label news over the OpenAI protocol's completions. Whatever the news says and the model answers, what comes out is one of
 * three labels with its chances, or nothing. An item is asked about once for each model.
 *
 * @throws AgentUnavailable when the server fails; CompletionRefused wrong_model when another model than the accepted ones says it answered,
 * invalid_answer for one without an end
 */
export function createSentimentModel(
  { id: agentId, name, accepted }: SentimentSeat<SeatId>,
  { baseUrl, apiKey, models }: { baseUrl: string; apiKey?: string | undefined; models: readonly string[] },
  calls: ModelCalls,
): RateNews {
  const client = new OpenAI({
    apiKey: apiKey ?? 'none',
    baseURL: `${baseUrl.replace(/\/+$/, '')}/v1`,
    adminAPIKey: null,
    organization: null,
    project: null,
    maxRetries: 0,
    logLevel: 'off',
    fetch: boundedFetch,
    fetchOptions: { redirect: 'error' },
  });
  const breaker = createBreaker('agents', agentId, (error) => error instanceof AgentUnavailable);
  const known = new Map<string, RatedItem | undefined>();
  let lastFailure = '';

  return async (cycleId, model, item, signal) => {
    const prompt = sentimentPrompt(item);
    const key = createHash('sha256').update(`${model}\n${prompt}`).digest('hex');
    const before = known.get(key);
    if (known.has(key)) return before && { ...before, tokens: 0 };
    const callId = `${cycleId}/${agentId}/${randomUUID()}`;
    const call = {
      callId,
      agentId,
      cycleId,
      askedModel: model,
      promptVersion: SENTIMENT_VERSION,
      promptHash: key,
      sampling: SAMPLING,
    };
    // A server of one's own: its cost is the machine's, and no budget of money applies.
    await calls.reserve({ ...call, mostUsd: '0' }, { perCycleUsd: '0', perDayUsd: '0' });
    const startedAt = performance.now();
    const latencyMs = (): number => Math.round(performance.now() - startedAt);
    const answer = await ask(model, prompt, signal).catch(async (error: unknown) => {
      if (error instanceof AgentUnavailable || error instanceof CompletionRefused) {
        const end = { model: '', costUsd: '0', tokens: 0, content: '', latencyMs: latencyMs() };
        await calls.settle(callId, { ...end, finishReason: error.message });
      }
      throw error;
    });
    const [choice] = answer.choices;
    const tokens = answer.usage?.total_tokens ?? 0;
    await calls.settle(callId, {
      model: answer.model ?? model,
      costUsd: '0',
      tokens,
      finishReason: choice?.finish_reason ?? '',
      content: scrub(choice?.text ?? '', apiKey === undefined ? [] : [apiKey]),
      latencyMs: latencyMs(),
    });
    refuseOtherModel(answer.model);
    // The first token of a label with a degree is the degree: its rivals say nothing of the label.
    const sentiment =
      choice && (fromDegree(choice.text) ?? fromLogprobs(choice.logprobs ?? {}) ?? fromText(choice.text));
    const rated = sentiment && { sentiment, tokens };
    if (known.size >= KNOWN_ITEMS) known.delete(known.keys().next().value ?? '');
    known.set(key, rated);
    return rated;
  };

  /** A router may list one model and let another one answer. */
  function refuseOtherModel(answered: string | undefined): void {
    if (answered === undefined || isOneOf(models, answered)) return;
    throw new CompletionRefused(
      'wrong_model',
      `${originOf(baseUrl)} let ${printable(answered).slice(0, 80)} answer, which is none of ${accepted} (${models[0]}, …).`,
    );
  }

  async function ask(model: string, prompt: string, signal: AbortSignal): Promise<z.output<typeof completionSchema>> {
    try {
      return await breaker.execute(async () => {
        try {
          const body = { model, prompt, ...SAMPLING };
          const answer: unknown = await client.completions.create(body, { signal });
          return completionSchema.parse(answer);
        } catch (error) {
          signal.throwIfAborted();
          if (error instanceof AnswerTooLong) {
            throw new CompletionRefused(
              'invalid_answer',
              `The ${name} server's answer does not count: ${error.message}.`,
            );
          }
          const why =
            error instanceof APIError && error.status !== undefined
              ? `status ${error.status}`
              : (connectionFault(error) ?? 'no usable answer');
          lastFailure = `The ${name} server failed to rate news (${why}).`;
          throw new AgentUnavailable(lastFailure);
        }
      });
    } catch (error) {
      if (isBrokenCircuitError(error))
        throw new AgentUnavailable(
          `The ${name} server failed five times in a row and is left alone for ten seconds: ${lastFailure}`,
        );
      throw error;
    }
  }
}

/** Names of models differ by case between servers. */
export function isOneOf(models: readonly string[], name: string): boolean {
  return models.some((model) => model.toLowerCase() === name.toLowerCase());
}

/** The label that a token begins, when it can begin no other. */
function labelOf(token: string): Label | undefined {
  const start = token.trim().toLowerCase();
  const matching = labels.filter((label) => start.length >= 3 && label.startsWith(start.slice(0, label.length)));
  return matching.length === 1 ? matching[0] : undefined;
}

/** Chances of the labels from the first token's, or undefined where the labels hold too little of them. */
function fromLogprobs(top: Readonly<Record<string, number>>): Sentiment | undefined {
  const mass: Sentiment = { positive: 0, neutral: 0, negative: 0 };
  for (const [token, logprob] of Object.entries(top)) {
    const label = labelOf(token);
    if (label && logprob <= 0) mass[label] += Math.exp(logprob);
  }
  const total = mass.positive + mass.neutral + mass.negative;
  if (total < MIN_LABEL_MASS) return undefined;
  return { positive: mass.positive / total, neutral: mass.neutral / total, negative: mass.negative / total };
}

/** "moderately positive" and its kin. */
function fromDegree(text: string): Sentiment | undefined {
  const found = /^[^a-z]*(strong|moderate|mild)(?:ly)?[\s_-]+(positive|negative)(?![a-z])/iu.exec(text);
  if (!found) return undefined;
  const [, degree = '', label = ''] = found;
  return labelled(label.toLowerCase() as Label, DEGREE_STRENGTH[degree.toLowerCase() as keyof typeof DEGREE_STRENGTH]);
}

function fromText(text: string): Sentiment | undefined {
  const word = /^[^a-z]*([a-z]+)/iu.exec(text)?.[1]?.toLowerCase() ?? '';
  const label = labels.find((each) => word === each);
  return label && labelled(label, LABEL_STRENGTH);
}

function labelled(label: Label, strength: number): Sentiment {
  const other = (1 - strength) / 2;
  return { positive: other, neutral: other, negative: other, [label]: strength };
}
