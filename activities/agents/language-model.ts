import { randomUUID } from 'node:crypto';
import type { AgentRequest } from '../../contracts/signals.ts';
import type { AgentId } from '../../domain/agents.ts';
import { type Decimal, decimal, text } from '../../domain/money.ts';
import { type AbstentionReason, type AgentAnswer, abstain, type Opinion, type Signal } from '../../domain/signals.ts';
import { uncertaintyOver } from '../../domain/statistics.ts';
import { type Complete, type Completion, CompletionRefused, createCompletion, type Message } from './completion.ts';
import { featuresOf, type SymbolFeatures } from './features.ts';
import { type Agent, AgentUnavailable, freeAnswer, symbolsOf } from './port.ts';
import { costUsd, hasKnownPrice, PRICE_TABLE_DATE } from './prices.ts';
import { PROMPT_VERSION, repairPrompt, systemPrompt, userPrompt } from './prompts/signal-1.ts';
import { readReply, type SymbolReply } from './reply.ts';

const MINUTE_MS = 60_000;
/** How much of a faulty answer the model is shown again. */
const MAX_QUOTED_LENGTH = 4_000;

export interface LanguageModelSettings {
  id: AgentId;
  baseUrl: string;
  model: string;
  /** For the whole answer, a repair included. */
  timeoutSeconds: number;
  maxTokens: number;
  apiKey: string | undefined;
  /** The environment variable that would have held the key, for the abstention. */
  keyVariable: string;
  extraBody: Readonly<Record<string, unknown>>;
}

/** What was paid so far for one answer, and to which model. */
interface Spent {
  tokens: number;
  cost: Decimal;
  model: string;
  priced: boolean;
}

/**
 * A hosted language model as an agent: it sees features that we measured and answers with probabilities, under a strict contract, with one
 * repair. The uncertainty is not the model's claim but the snapshot's volatility. Its price is counted at peak rates.
 */
export function createLanguageModel(settings: LanguageModelSettings): Agent {
  const { id, apiKey, keyVariable, model } = settings;
  if (apiKey === undefined) {
    const detail = `Set ${keyVariable}, or ${keyVariable}_FILE to a file that holds the key, to switch ${id} on.`;
    return {
      id,
      answer: async (request) =>
        freeAnswer({ agentId: id, model, version: PROMPT_VERSION }, abstain(id, symbolsOf(request), 'no_key', detail)),
    };
  }
  const complete = createCompletion({ ...settings, name: id, apiKey });
  return { id, answer: (request, signal) => answer(settings, complete, request, signal) };
}

async function answer(
  { id, model, timeoutSeconds }: LanguageModelSettings,
  complete: Complete,
  request: AgentRequest,
  signal: AbortSignal,
): Promise<AgentAnswer> {
  const abstentions: Opinion[] = [];
  const usable: SymbolFeatures[] = [];
  for (const symbol of request.snapshot.symbols) {
    const features = featuresOf(symbol);
    if (typeof features === 'string') {
      abstentions.push(...abstain(id, [symbol.instrument.symbol], 'not_enough_data', features));
    } else {
      usable.push(features);
    }
  }
  const spent: Spent = { tokens: 0, cost: decimal(0), model, priced: true };
  const opinions = usable.length === 0 ? abstentions : [...abstentions, ...(await opinionsOn(usable))];
  const order = symbolsOf(request);
  return {
    agentId: id,
    opinions: opinions.sort((one, other) => order.indexOf(one.symbol) - order.indexOf(other.symbol)),
    model: spent.model,
    version: `${PROMPT_VERSION} prices/${PRICE_TABLE_DATE}${spent.priced ? '' : ' (unknown model: dearest)'}`,
    latencyMs: 0,
    tokens: spent.tokens,
    costUsd: text(spent.cost),
  };

  async function opinionsOn(features: readonly SymbolFeatures[]): Promise<Opinion[]> {
    const symbols = features.map(({ symbol }) => symbol);
    const outcome = await ask(features, complete, request, signal, AbortSignal.timeout(timeoutSeconds * 1_000), (use) =>
      record(spent, model, use),
    );
    if ('reason' in outcome) return abstain(id, symbols, outcome.reason, outcome.detail);
    return features.flatMap((feature) => {
      const reply = outcome.replies.get(feature.symbol);
      return reply === undefined ? [] : [signalFrom(id, reply, feature, request)];
    });
  }
}

type Outcome = { replies: Map<string, SymbolReply> } | { reason: AbstentionReason; detail: string };

/** One request and at most one repair. What fails after the first answer was paid for is an abstention, so that its cost is not forgotten. */
async function ask(
  features: readonly SymbolFeatures[],
  complete: Complete,
  request: AgentRequest,
  signal: AbortSignal,
  deadline: AbortSignal,
  onCompletion: (completion: Completion) => void,
): Promise<Outcome> {
  const messages: Message[] = [
    { role: 'system', content: systemPrompt },
    { role: 'user', content: userPrompt(features, request.horizonMs / MINUTE_MS, randomUUID()) },
  ];
  try {
    const first = await complete(messages, signal, deadline);
    onCompletion(first);
    const reply = readReply(first, features);
    if ('replies' in reply) return reply;
    return await repair(first.content, reply.fault);
  } catch (error) {
    if (error instanceof CompletionRefused) return { reason: error.reason, detail: error.message };
    throw error;
  }

  async function repair(content: string, fault: string): Promise<Outcome> {
    const quoted: Message[] =
      content.trim() === '' ? [] : [{ role: 'assistant', content: content.slice(0, MAX_QUOTED_LENGTH) }];
    try {
      const second = await complete(
        [...messages, ...quoted, { role: 'user', content: repairPrompt(fault) }],
        signal,
        deadline,
      );
      onCompletion(second);
      const reply = readReply(second, features);
      if ('replies' in reply) return reply;
      return {
        reason: 'invalid_answer',
        detail: `The answer was faulty (${fault}), and so was its repair: ${reply.fault}.`,
      };
    } catch (error) {
      if (!(error instanceof AgentUnavailable)) throw error;
      return {
        reason: 'unavailable',
        detail: `The answer was faulty (${fault}), and the repair failed: ${error.message}`,
      };
    }
  }
}

function record(spent: Spent, askedModel: string, { model, use }: Completion): void {
  // The model that answered sets the price; an echo that has none falls back to the model that was asked for, then to the dearest.
  const pricedAs = hasKnownPrice(model) ? model : askedModel;
  spent.tokens += use.cachedInput + use.input + use.output;
  spent.cost = spent.cost.plus(costUsd(pricedAs, use));
  spent.model = model;
  spent.priced &&= hasKnownPrice(pricedAs);
}

function signalFrom(
  agentId: AgentId,
  reply: SymbolReply,
  { symbol, volatilityPerMinute }: SymbolFeatures,
  request: AgentRequest,
): Signal {
  return {
    kind: 'signal',
    agentId,
    symbol,
    probabilities: reply.probabilities,
    expectedReturn: reply.expected_return_bps / 10_000,
    uncertainty: uncertaintyOver(volatilityPerMinute, request.horizonMs / MINUTE_MS),
    conviction: reply.conviction,
    horizonMs: request.horizonMs,
    validUntilAt: request.snapshot.takenAt + request.horizonMs,
    rationale: reply.rationale,
    evidence: reply.evidence,
  };
}
