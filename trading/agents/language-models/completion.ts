import { isBrokenCircuitError } from 'cockatiel';
import OpenAI, { APIConnectionTimeoutError, APIError } from 'openai';
import { z } from 'zod';
import type { AbstentionReason } from '../../../domain/signals/signals.ts';
import { createBreaker } from '../../../runtime/telemetry/breaker.ts';
import { scrub } from '../../../runtime/telemetry/logger.ts';
import { AnswerTooLong, boundedFetch } from '../bounded-fetch.ts';
import { AgentUnavailable } from '../port.ts';
import type { TokenUse } from './prices.ts';
import { printable } from './reply.ts';

export interface Provider {
  /** For people, metrics and the breaker, e.g. `deepseek`. */
  name: string;
  baseUrl: string;
  apiKey: string;
  maxTokens: number;
  /** Where the provider documents one. */
  seed?: number | undefined;
  /** Fields outside the OpenAI protocol that switch thinking off. */
  extraBody: Readonly<Record<string, unknown>>;
}

export interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface Completion {
  content: string;
  finishReason: string;
  /** The model that says it answered, which may be another than the one asked. */
  model: string;
  use: TokenUse;
}

/** An outcome that no retry mends in time: the agent abstains with it. The message is for a person and carries no secret. */
export class CompletionRefused extends Error {
  override name = 'CompletionRefused';
  readonly reason: AbstentionReason;
  /** Nothing was sent, or it was refused before any work was done. */
  readonly unbilled: boolean;
  constructor(reason: AbstentionReason, message: string, unbilled = false) {
    super(message);
    this.reason = reason;
    this.unbilled = unbilled;
  }
}

export type Complete = (
  model: string,
  messages: readonly Message[],
  signal: AbortSignal,
  deadline: AbortSignal,
) => Promise<Completion>;

/** What of a request decides how the answer is drawn, by the protocol's names. */
export function samplingOf({ maxTokens, seed }: Pick<Provider, 'maxTokens' | 'seed'>): Record<string, number> {
  return { temperature: 0, max_tokens: maxTokens, ...(seed === undefined ? {} : { seed }) };
}

/**
 * One chat completion over the OpenAI protocol at temperature 0 in JSON mode, without retries of its own, behind the provider's breaker.
 * The call ends with `signal`, and as a timeout with `deadline`.
 * @throws AgentUnavailable for 408, 429, 5xx and connections; CompletionRefused for the rest; the reason of `signal` once it is aborted
 */
export function createCompletion(provider: Provider): Complete {
  const client = new OpenAI({
    apiKey: provider.apiKey,
    baseURL: provider.baseUrl,
    // The SDK would read these from variables that are meant for another provider.
    adminAPIKey: null,
    organization: null,
    project: null,
    maxRetries: 0,
    logLevel: 'off',
    fetch: boundedFetch,
    fetchOptions: { redirect: 'error' },
  });
  // One for each model: another one of the same provider may well answer.
  const breakers = new Map<string, ReturnType<typeof createBreaker>>();
  const breakerOf = (model: string): ReturnType<typeof createBreaker> => {
    const known =
      breakers.get(model) ?? createBreaker('agents', `${provider.name}/${model}`, (error) => isHealthFailure(error));
    breakers.set(model, known);
    return known;
  };

  return async (model, messages, signal, deadline) => {
    const body = {
      model,
      messages: [...messages],
      ...samplingOf(provider),
      response_format: { type: 'json_object' as const },
      ...provider.extraBody,
    };
    try {
      return await breakerOf(model).execute(async () => {
        try {
          const response: unknown = await client.chat.completions.create(body, {
            signal: AbortSignal.any([signal, deadline]),
          });
          return readCompletion(response, provider, model, messages);
        } catch (error) {
          signal.throwIfAborted();
          throw deadline.aborted ? timedOut(provider) : translated(error, provider, model);
        }
      });
    } catch (error) {
      if (!isBrokenCircuitError(error)) throw error;
      throw new CompletionRefused(
        'unavailable',
        `${model} of ${provider.name} failed five times in a row and is left alone; it is tried again ten seconds after the last failure.`,
        true,
      );
    }
  };
}

function isHealthFailure(error: unknown): boolean {
  return error instanceof AgentUnavailable || (error instanceof CompletionRefused && error.reason === 'timeout');
}

function timedOut({ name }: Provider): CompletionRefused {
  return new CompletionRefused('timeout', `${name} did not answer in time (agents.${name}.timeoutSeconds).`);
}

function translated(error: unknown, provider: Provider, model: string): Error {
  const { name, apiKey } = provider;
  if (error instanceof CompletionRefused) return error;
  if (error instanceof APIConnectionTimeoutError) return timedOut(provider);
  if (error instanceof SyntaxError) return notTheProtocol(provider);
  if (error instanceof AnswerTooLong) {
    return new CompletionRefused('invalid_answer', `The answer of ${name} does not count: ${error.message}.`);
  }
  const status = error instanceof APIError && typeof error.status === 'number' ? error.status : undefined;
  if (!(error instanceof APIError) || status === undefined) {
    return new AgentUnavailable(`The connection to ${name} failed.`);
  }
  if (status === 408 || status === 429 || status >= 500) {
    return new AgentUnavailable(`${name} is overloaded or broken for now (status ${status}).`, {
      retryAfterMs: retryAfterMs(error.headers),
      unbilled: true,
    });
  }
  // A provider's own words on a refused key quote parts of it, so they are not repeated.
  if (status === 401 || status === 403) {
    return new CompletionRefused(
      'no_key',
      `${name} refused the key (status ${status}): check its value and region.`,
      true,
    );
  }
  if (status === 402)
    return new CompletionRefused('budget_spent', `The account at ${name} has no balance (status 402).`, true);
  if (status === 404) {
    return new CompletionRefused('wrong_model', `${name} has no model ${model} at its address (status 404).`, true);
  }
  const words = printable(scrub(error.message, [apiKey])).slice(0, 160);
  return new CompletionRefused('not_configured', `${name} refused the request: ${words}`, true);
}

function notTheProtocol({ name }: Provider): CompletionRefused {
  return new CompletionRefused(
    'invalid_answer',
    `What answers for ${name} does not speak the OpenAI protocol: check agents.${name}.baseUrl.`,
  );
}

/** `Retry-After` in seconds or as a date. */
function retryAfterMs(headers: Headers | undefined): number | undefined {
  const value = headers?.get('retry-after');
  if (!value) return undefined;
  const pause = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isFinite(pause) ? Math.max(0, pause) : undefined;
}

const completionSchema = z.object({
  model: z.string().optional(),
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({ content: z.string().nullish() }),
      }),
    )
    .min(1),
  usage: z.unknown().optional(),
});

const tokenCount = z.int().min(0).max(100_000_000);

const usageSchema = z.object({
  prompt_tokens: tokenCount,
  completion_tokens: tokenCount,
  /** DeepSeek's name for what others report in `prompt_tokens_details`. */
  prompt_cache_hit_tokens: tokenCount.optional(),
  prompt_tokens_details: z.object({ cached_tokens: tokenCount.nullish() }).nullish(),
});

function readCompletion(
  response: unknown,
  provider: Provider,
  model: string,
  messages: readonly Message[],
): Completion {
  const parsed = completionSchema.safeParse(response);
  const choice = parsed.data?.choices[0];
  if (!parsed.success || choice === undefined) throw notTheProtocol(provider);
  return {
    // A server that echoes what it was sent must not put the key on record.
    content: scrub(choice.message.content ?? '', [provider.apiKey]),
    finishReason: choice.finish_reason ?? '',
    model: printable(parsed.data.model ?? '').slice(0, 100) || `${model} (not confirmed)`,
    use: tokenUse(parsed.data.usage, provider, messages),
  };
}

/** The most that a request can use: one token a byte, and the whole output limit. */
export function mostUse(messages: readonly Message[], maxTokens: number): TokenUse {
  return {
    cachedInput: 0,
    input: messages.reduce((total, { content }) => total + Buffer.byteLength(content), 0),
    output: maxTokens,
  };
}

/** Usage as reported; where it is missing or absurd the most that can have been used. */
function tokenUse(usage: unknown, { maxTokens }: Provider, messages: readonly Message[]): TokenUse {
  const parsed = usageSchema.safeParse(usage);
  if (!parsed.success) return mostUse(messages, maxTokens);
  const { prompt_tokens, completion_tokens, prompt_cache_hit_tokens, prompt_tokens_details } = parsed.data;
  const cached = Math.min(prompt_tokens, prompt_cache_hit_tokens ?? prompt_tokens_details?.cached_tokens ?? 0);
  return { cachedInput: cached, input: prompt_tokens - cached, output: completion_tokens };
}
