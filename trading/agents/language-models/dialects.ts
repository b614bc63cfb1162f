import type { Dialect, Thinking } from '../../../contracts/config/language-models.ts';
import { answerSchema } from './answer-schema.ts';

/** What of a request a dialect puts in words of its own. */
export interface Wish {
  thinking: Thinking;
  /** The most tokens of the answer, and of the thinking before it. */
  tokens: { answer: number; thinking: number };
}

export type RequestFields = Readonly<Record<string, unknown>>;

/** The same question gets the same answer, as far as a provider keeps to it. */
const SEED = 1;

const jsonObject = { type: 'json_object' };
const jsonSchema = { type: 'json_schema', json_schema: { name: 'signals', strict: true, schema: answerSchema } };

/**
 * What each is sent beside model and messages. Where thinking counts towards the output limit, both together are asked for.
 */
const words: Readonly<Record<Dialect, (wish: Wish) => RequestFields>> = {
  // https://api-docs.deepseek.com/guides/thinking_mode and /guides/json_mode: it thinks unless it is told not to, takes no temperature while it
  // does, documents no seed, and knows no schema.
  deepseek: ({ thinking, tokens }) => ({
    max_tokens: tokens.answer + tokens.thinking,
    response_format: jsonObject,
    ...(thinking === 'off'
      ? { temperature: 0, thinking: { type: 'disabled' } }
      : { thinking: { type: 'enabled' }, ...effort(thinking, { max: 'max' }) }),
  }),

  // https://www.alibabacloud.com/help/en/model-studio/deep-thinking and /qwen-structured-output: max_tokens is of the answer alone, thinking has a
  // budget of its own, and structured output is for models that do not think.
  dashscope: ({ thinking, tokens }) => ({
    seed: SEED,
    max_tokens: tokens.answer,
    ...(thinking === 'off'
      ? { temperature: 0, enable_thinking: false, response_format: jsonSchema }
      : {
          enable_thinking: true,
          thinking_budget: tokens.thinking,
          ...effort(thinking, { high: 'xhigh', max: 'xhigh' }),
        }),
  }),

  // https://platform.openai.com/docs/api-reference/chat/create and /docs/guides/reasoning: max_tokens is refused by models that reason, and so is
  // every temperature but 1. Models without reasoning refuse an effort, so that `off` says none.
  openai: ({ thinking, tokens }) => ({
    max_completion_tokens: tokens.answer + tokens.thinking,
    response_format: jsonSchema,
    ...effort(thinking, { on: 'medium', max: 'xhigh' }),
  }),

  // https://openrouter.ai/docs/guides/best-practices/reasoning-tokens and /docs/guides/features/structured-outputs
  openrouter: ({ thinking, tokens }) => ({
    ...greedy(thinking),
    seed: SEED,
    max_tokens: tokens.answer + tokens.thinking,
    response_format: jsonSchema,
    reasoning:
      thinking === 'off'
        ? { effort: 'none' }
        : { ...(thinking === 'on' ? { enabled: true } : { effort: named(thinking, { max: 'xhigh' }) }), exclude: true },
  }),

  // https://docs.vllm.ai/en/stable/features/reasoning_outputs, https://docs.sglang.io/docs/advanced_features/separate_reasoning and
  // https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md: the chat template decides, Qwen's by enable_thinking, DeepSeek's by
  // thinking. A template looks at no name that it does not know.
  vllm: ({ thinking, tokens }) => ({
    ...greedy(thinking),
    seed: SEED,
    max_tokens: tokens.answer + tokens.thinking,
    response_format: jsonSchema,
    chat_template_kwargs: { enable_thinking: thinking !== 'off', thinking: thinking !== 'off' },
    ...effort(thinking, { max: 'high' }),
  }),

  plain: ({ tokens }) => ({
    temperature: 0,
    max_tokens: tokens.answer + tokens.thinking,
    response_format: jsonObject,
  }),
};

/** A model that thinks without chance may think the same for ever: https://huggingface.co/Qwen/Qwen3-8B, best practices. */
function greedy(thinking: Thinking): RequestFields {
  return thinking === 'off' ? { temperature: 0 } : {};
}

type Renamed = Partial<Record<Thinking, string>>;

function named(thinking: Thinking, renamed: Renamed): string {
  return renamed[thinking] ?? thinking;
}

/** None where a provider is to think of itself how much. */
function effort(thinking: Thinking, renamed: Renamed): RequestFields {
  const isNamed = thinking !== 'off' && (thinking !== 'on' || renamed.on !== undefined);
  return isNamed ? { reasoning_effort: named(thinking, renamed) } : {};
}

/** The fields of a request; what is configured replaces ours, and null takes one out. */
export function requestFields(dialect: Dialect, wish: Wish, extraBody: RequestFields): RequestFields {
  const fields = Object.entries({ ...words[dialect](wish), ...extraBody });
  return Object.fromEntries(fields.filter(([, value]) => value !== null));
}

/** What of a request decides how the answer is drawn, as far as it is a number, by the protocol's names. */
export function samplingOf(fields: RequestFields): Record<string, number> {
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, number] => typeof field[1] === 'number'),
  );
}
