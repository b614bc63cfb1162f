import { isBrokenCircuitError } from 'cockatiel';
import OpenAI, { APIError } from 'openai';
import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions';
import { z } from 'zod';
import { createBreaker } from '../../../runtime/telemetry/breaker.ts';
import { scrub } from '../../../runtime/telemetry/logger.ts';
import { AnswerTooLong, fetchUpTo, MAX_ANSWER_BYTES } from '../bounded-fetch.ts';
import { AgentUnavailable } from '../port.ts';
import { type Complete, type Completion, CompletionRefused, type Message, type Question } from './completion.ts';
import type { RequestFields } from './dialects.ts';
import { notTheProtocol, timedOut, translated } from './provider-errors.ts';
import { printable } from './reply.ts';
import { tokenUse } from './token-use.ts';

export interface Provider {
  /** For people, metrics and the breaker, e.g. `deepseek`. */
  name: string;
  baseUrl: string;
  apiKey: string;
  /** The answer comes piece by piece. */
  stream: boolean;
}

/** Each token of a stream comes with some 300 bytes around it, and a model may think 100,000. */
const MAX_STREAM_BYTES = 32_000_000;

/**
 * One chat completion over the OpenAI protocol, without retries of its own, behind the provider's breaker. The call ends with `signal`, and as a
 * timeout with `deadline`.
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
    fetch: fetchUpTo(provider.stream ? MAX_STREAM_BYTES : MAX_ANSWER_BYTES),
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

  // By model, for as long as it is left alone because of them.
  const lastFailures = new Map<string, string>();
  // Models that turned out to take no schema, so that each is asked in vain once.
  const withoutSchema = new Set<string>();
  const completed = async (model: string, question: Question, signal: AbortSignal): Promise<Completion> => {
    const asked = withoutSchema.has(model) ? asObject(question) : question;
    try {
      return await complete(client, provider, model, asked, signal);
    } catch (error) {
      if (!refusesSchema(error, asked)) throw error;
      withoutSchema.add(model);
      return complete(client, provider, model, asObject(question), signal);
    }
  };

  return async (model, question, signal, deadline) => {
    try {
      return await breakerOf(model).execute(async () => {
        try {
          return await completed(model, question, AbortSignal.any([signal, deadline]));
        } catch (error) {
          signal.throwIfAborted();
          const failure = deadline.aborted ? timedOut(provider) : translated(error, provider, model);
          if (isHealthFailure(failure)) lastFailures.set(model, failure.message);
          throw failure;
        }
      });
    } catch (error) {
      if (!isBrokenCircuitError(error)) throw error;
      throw new CompletionRefused(
        'unavailable',
        `${model} of ${provider.name} failed five times in a row and is left alone; it is tried again ten seconds after the last failure: ${lastFailures.get(model)}`,
        true,
      );
    }
  };
}

function hasSchema({ fields }: Question): boolean {
  const { response_format: format } = fields;
  return typeof format === 'object' && format !== null && 'type' in format && format.type === 'json_schema';
}

/** Not every model of a provider that has schemas takes one, and no list says which. */
function refusesSchema(error: unknown, question: Question): boolean {
  if (!(error instanceof APIError) || !hasSchema(question)) return false;
  return (error.status === 400 || error.status === 422) && /response_format|json_?schema/i.test(error.message);
}

function asObject(question: Question): Question {
  return { ...question, fields: { ...question.fields, response_format: { type: 'json_object' } } };
}

function isHealthFailure(error: unknown): boolean {
  return error instanceof AgentUnavailable || (error instanceof CompletionRefused && error.reason === 'timeout');
}

async function complete(
  client: OpenAI,
  provider: Provider,
  model: string,
  question: Question,
  signal: AbortSignal,
): Promise<Completion> {
  // The fields are a provider's own words, which the types of the SDK know in part.
  const body = { model, messages: [...question.messages] as Message[], ...question.fields } as unknown;
  if (!provider.stream) {
    const answer: unknown = await client.chat.completions.create(body as ChatCompletionCreateParams, { signal });
    return readCompletion(answer, provider, model, question);
  }
  const streamed = { ...(body as RequestFields), stream: true, stream_options: { include_usage: true } } as unknown;
  const chunks = await client.chat.completions.create(streamed as ChatCompletionCreateParams, { signal });
  return readCompletion(
    await gathered(chunks as unknown as AsyncIterable<unknown>, provider, signal),
    provider,
    model,
    question,
  );
}

const completionSchema = z.object({
  model: z.string().nullish(),
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

/** What is thought comes in other fields, which are not read: it is paid for by the usage alone. */
const chunkSchema = z.object({
  model: z.string().nullish(),
  choices: z
    .array(
      z.object({ finish_reason: z.string().nullish(), delta: z.object({ content: z.string().nullish() }).nullish() }),
    )
    .nullish(),
  usage: z.unknown().optional(),
});

/** The completion that the pieces of a stream make. */
async function gathered(
  chunks: AsyncIterable<unknown>,
  provider: Provider,
  signal: AbortSignal,
): Promise<z.output<typeof completionSchema>> {
  let [content, finishReason, seen] = ['', '', false];
  let model: string | undefined;
  let usage: unknown;
  for await (const chunk of chunks) {
    const { data } = chunkSchema.safeParse(chunk);
    if (data === undefined) throw notTheProtocol(provider);
    seen = true;
    model = data.model ?? model;
    usage = data.usage ?? usage;
    const [choice] = data.choices ?? [];
    content += choice?.delta?.content ?? '';
    finishReason = choice?.finish_reason ?? finishReason;
    if (content.length > MAX_ANSWER_BYTES) throw new AnswerTooLong();
  }
  // The SDK ends a stream that is called off as if all had come.
  signal.throwIfAborted();
  if (!seen) throw notTheProtocol(provider);
  if (finishReason === '') throw new AgentUnavailable(`The answer of ${provider.name} broke off.`);
  return { model, choices: [{ finish_reason: finishReason, message: { content } }], usage };
}

function readCompletion(response: unknown, provider: Provider, model: string, question: Question): Completion {
  const parsed = completionSchema.safeParse(response);
  const choice = parsed.data?.choices[0];
  if (!parsed.success || choice === undefined) throw notTheProtocol(provider);
  return {
    // A server that echoes what it was sent must not put the key on record.
    content: scrub(choice.message.content ?? '', [provider.apiKey]),
    finishReason: choice.finish_reason ?? '',
    model: printable(parsed.data.model ?? '').slice(0, 100) || `${model} (not confirmed)`,
    use: tokenUse(parsed.data.usage, question),
  };
}
