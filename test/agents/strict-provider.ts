import type { Dialect } from '../../contracts/config/language-models.ts';
import { type ChatRequest, type Reply, startFakeProvider } from './fake-provider.ts';
import { goodReply } from './replies.ts';

interface Field {
  /** What the provider takes of it; anything else is refused, as by the real one. */
  takes: (value: unknown, request: ChatRequest) => boolean;
}
const among = (...values: unknown[]): Field => ({
  takes: (value) => values.some((each) => JSON.stringify(each) === JSON.stringify(value)),
});
const count: Field = { takes: (value) => Number.isInteger(value) && Number(value) > 0 };
const schema: Field = {
  takes: (value) => {
    const { type, json_schema: of } = value as {
      type?: string;
      json_schema?: { name: string; strict: boolean; schema: object };
    };
    return type === 'json_object' || (type === 'json_schema' && of?.strict === true && isStrict(of.schema));
  },
};
const stream = { stream: among(true, false), stream_options: among({ include_usage: true }) };
const efforts = (...names: string[]): Field => among(...names);

/** OpenAI's strict mode: every object closed, every key required, no bounds. */
function isStrict(part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return true;
  const { type, properties, required, additionalProperties, minimum, maximum, maxLength, maxItems } = part as Record<
    string,
    unknown
  >;
  if ([minimum, maximum, maxLength, maxItems].some((bound) => bound !== undefined)) return false;
  const isClosed =
    type !== 'object' ||
    (additionalProperties === false && JSON.stringify(required) === JSON.stringify(Object.keys(properties as object)));
  return isClosed && Object.values(part).every(isStrict);
}

/** The fields that each API documents, and the values that it takes of them; what is not here is an unrecognized argument. */
const contracts: Record<
  Dialect,
  { fields: Record<string, Field>; ignoresUnknown?: boolean; thinks: (request: ChatRequest) => boolean }
> = {
  deepseek: {
    fields: {
      ...stream,
      max_tokens: count,
      temperature: { takes: (value, { thinking }) => value === 0 && isDisabled(thinking) },
      response_format: among({ type: 'json_object' }),
      thinking: among({ type: 'enabled' }, { type: 'disabled' }),
      reasoning_effort: efforts('low', 'medium', 'high', 'max'),
    },
    thinks: ({ thinking }) => !isDisabled(thinking),
  },
  dashscope: {
    fields: {
      ...stream,
      max_tokens: count,
      temperature: among(0),
      seed: count,
      enable_thinking: {
        takes: (value, { stream: isStreamed }) => value === false || (value === true && isStreamed === true),
      },
      thinking_budget: {
        takes: (value, { enable_thinking: thinks }) => thinks === true && count.takes(value, {} as ChatRequest),
      },
      reasoning_effort: efforts('low', 'medium', 'xhigh'),
      response_format: {
        takes: (value, request) => request['enable_thinking'] === false && schema.takes(value, request),
      },
    },
    thinks: ({ enable_thinking: thinks }) => thinks !== false,
  },
  openai: {
    fields: {
      ...stream,
      max_completion_tokens: count,
      response_format: schema,
      reasoning_effort: efforts('low', 'medium', 'high', 'xhigh'),
    },
    thinks: ({ reasoning_effort: effort }) => effort !== undefined,
  },
  openrouter: {
    fields: {
      ...stream,
      max_tokens: count,
      temperature: among(0),
      seed: count,
      response_format: schema,
      reasoning: among(
        { effort: 'none' },
        { enabled: true, exclude: true },
        ...['low', 'medium', 'high', 'xhigh'].map((effort) => ({ effort, exclude: true })),
      ),
    },
    thinks: ({ reasoning }) => JSON.stringify(reasoning) !== '{"effort":"none"}',
  },
  vllm: {
    // Whatever it does not know it leaves alone: enable_thinking at the top switches nothing off.
    ignoresUnknown: true,
    fields: { max_tokens: count, response_format: schema, reasoning_effort: efforts('low', 'medium', 'high') },
    thinks: ({ chat_template_kwargs: template }) =>
      (template as { enable_thinking?: boolean } | undefined)?.enable_thinking !== false,
  },
  plain: {
    fields: { ...stream, max_tokens: count, temperature: among(0), response_format: among({ type: 'json_object' }) },
    thinks: () => false,
  },
};

function isDisabled(thinking: unknown): boolean {
  return JSON.stringify(thinking) === '{"type":"disabled"}';
}

/**
 * A fake of a provider under its documented contract: it answers what keeps to it, as a stream where one is asked for, and refuses the rest with 400. It thinks
 * where nothing tells it not to.
 */
export async function startStrictProvider(dialect: Dialect) {
  const { fields, ignoresUnknown = false, thinks } = contracts[dialect];
  const thought: boolean[] = [];
  const provider = await startFakeProvider((request): Reply => {
    const { model: _model, messages: _messages, ...others } = request;
    for (const [name, value] of Object.entries(others)) {
      const field = fields[name];
      if (field?.takes(value, request) === false || (field === undefined && !ignoresUnknown)) {
        const message = `Unrecognized request argument supplied: ${name} (${JSON.stringify(value)})`;
        return { status: 400, body: JSON.stringify({ error: { message } }) };
      }
    }
    const isThinking = thinks(request);
    thought.push(isThinking);
    return { content: goodReply(request), ...(isThinking ? { thinking: 'Let me see. '.repeat(50) } : {}) };
  });
  return { ...provider, thought };
}
