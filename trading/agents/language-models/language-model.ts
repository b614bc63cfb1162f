import { isStreamed, SYMBOLS_A_REQUEST } from '../../../contracts/config/language-models.ts';
import { PRICE_TABLE_DATE } from '../../../contracts/config/model-prices.ts';
import type { AgentRequest } from '../../../contracts/signals.ts';
import { type Decimal, decimal, text } from '../../../domain/money/money.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';
import {
  type AbstentionReason,
  type AgentAnswer,
  abstain,
  type Opinion,
  type Signal,
} from '../../../domain/signals/signals.ts';
import { uncertaintyOver } from '../../../domain/statistics/statistics.ts';
import { metrics } from '../../../runtime/telemetry/metrics.ts';
import { shortened } from '../answer-check.ts';
import { type Agent, AgentUnavailable, freeAnswer, symbolsOf } from '../port.ts';
import { createCompletion } from './chat-completions.ts';
import { CompletionRefused, type Message } from './completion.ts';
import { type Beside, hear } from './facts.ts';
import type { SymbolFeatures } from './features.ts';
import { type Ask, type ModelCalls, metered, type PaidCompletion } from './metering.ts';
import { repairPrompt } from './prompts/prompt.ts';
import { prompts } from './prompts/prompts.ts';
import { type LanguageModelSettings, questionOf, type Turned, versionOf } from './question.ts';
import { readReply } from './reply.ts';
import type { SymbolReply } from './salvage.ts';

const MINUTE_MS = 60_000;
/** How much of a faulty answer the model is shown again. */
const MAX_QUOTED_LENGTH = 4_000;

/** What was paid so far for one answer, and to which model. */
interface Spent {
  tokens: number;
  cost: Decimal;
  model: string;
}

/**
 * A hosted language model as an agent: it sees features that we measured and answers with probabilities, under a contract that is held symbol by symbol, with one
 * repair where nothing of the answer counts. Many symbols are asked for in groups, all at once, and a group that fails costs no other its views. The uncertainty is
 * not the model's claim but the snapshot's volatility. Its price is counted at peak rates.
 */
export function createLanguageModel(settings: LanguageModelSettings, calls: ModelCalls, beside: Beside = {}): Agent {
  const { id, apiKey, keyVariable, model, prompt, budgetPerCycleUsd, budgetPerDayUsd } = settings;
  if (apiKey === undefined) {
    const detail = `Set ${keyVariable}, or ${keyVariable}_FILE to a file that holds the key, to switch ${id} on.`;
    return {
      id,
      answer: async (request) =>
        freeAnswer({ agentId: id, model, version: prompt }, abstain(id, symbolsOf(request), 'no_key', detail)),
    };
  }
  const budget = { perCycleUsd: budgetPerCycleUsd, perDayUsd: budgetPerDayUsd };
  const askModel = metered(
    { ...settings, agentId: id, budget },
    createCompletion({ ...settings, name: id, apiKey, stream: isStreamed(settings) }),
    calls,
  );
  return { id, answer: (request, signal) => answer(settings, askModel, beside, request, signal) };
}

async function answer(
  settings: LanguageModelSettings,
  askModel: Ask,
  beside: Beside,
  request: AgentRequest,
  signal: AbortSignal,
): Promise<AgentAnswer> {
  const { id, model, thinking, timeoutSeconds } = settings;
  const prompt = prompts[settings.prompt];
  const abstentions: Opinion[] = [];
  const usable: SymbolFeatures[] = [];
  for (const symbol of request.snapshot.symbols) {
    const features = prompt.featuresOf(symbol, { market: request.snapshot, horizonMs: request.horizonMs });
    if (typeof features === 'string') {
      abstentions.push(...abstain(id, [symbol.instrument.symbol], 'not_enough_data', features));
    } else {
      usable.push(features);
    }
  }
  const spent: Spent = { tokens: 0, cost: decimal(0), model };
  const deadline = AbortSignal.timeout(timeoutSeconds * 1_000);
  const heard = await hear(id, request, prompt.hearsMore && usable.length > 0 ? beside : {}, signal);
  const opinions = [...abstentions, ...(await opinionsIn(groupsOf(usable)))];
  const order = symbolsOf(request);
  return {
    agentId: id,
    opinions: opinions.sort((one, other) => order.indexOf(one.symbol) - order.indexOf(other.symbol)),
    model: spent.model,
    version: `${versionOf(settings.prompt, request)}${thinking === 'off' ? '' : ` thinking/${thinking}`} prices/${PRICE_TABLE_DATE}`,
    latencyMs: 0,
    tokens: spent.tokens,
    costUsd: text(spent.cost),
  };

  async function opinionsIn(groups: SymbolFeatures[][]): Promise<Opinion[]> {
    const asked = await Promise.allSettled(groups.map(opinionsOn));
    return asked.flatMap((group, index) => {
      if (group.status === 'fulfilled') return group.value;
      const error: unknown = group.reason;
      // Where no group brought anything, nothing was paid for, and the whole question may be asked again.
      const isWhole = asked.every(({ status }) => status === 'rejected');
      if (isWhole || !(error instanceof AgentUnavailable)) throw error;
      return abstain(id, namesOf(groups[index] ?? []), 'unavailable', error.message);
    });
  }

  async function opinionsOn(measured: readonly SymbolFeatures[]): Promise<Opinion[]> {
    const features = measured.map((each) => ({ ...each, headlines: heard.headlines.get(each.symbol) ?? [] }));
    const question = questionOf(settings, features, request, heard);
    const outcome = await ask(settings, question, features, askModel, { signal, deadline }, (use) =>
      record(spent, use),
    );
    if ('reason' in outcome) return abstain(id, namesOf(features), outcome.reason, outcome.detail);
    return features.flatMap((feature): Opinion[] => {
      const reply = outcome.replies.get(feature.symbol);
      if (reply === undefined) {
        const fault = outcome.faults.get(feature.symbol) ?? 'it says nothing';
        return abstain(id, [feature.symbol], 'invalid_answer', `The answer does not count here: ${fault}.`);
      }
      for (const slip of reply.slips) metrics.llmSalvaged.inc({ agent: id, slip });
      return [signalFrom(id, reply, feature, request)];
    });
  }
}

export function groupsOf(features: readonly SymbolFeatures[]): SymbolFeatures[][] {
  const count = Math.ceil(features.length / SYMBOLS_A_REQUEST);
  return Array.from({ length: count }, (_, index) =>
    features.slice(index * SYMBOLS_A_REQUEST, (index + 1) * SYMBOLS_A_REQUEST),
  );
}

function namesOf(features: readonly SymbolFeatures[]): string[] {
  return features.map(({ symbol }) => symbol);
}

type Outcome =
  | { replies: Map<string, SymbolReply>; faults: Map<string, string> }
  | { reason: AbstentionReason; detail: string };

/**
 * One request, and a repair where nothing of its answer counts and it was not cut off: a part that counts is never paid for twice. What fails after
 * the first answer was paid for is an abstention, so that its cost is not forgotten.
 */
async function ask(
  { id }: LanguageModelSettings,
  { turn, question }: Turned,
  features: readonly SymbolFeatures[],
  askModel: Ask,
  { signal, deadline }: { signal: AbortSignal; deadline: AbortSignal },
  onCompletion: (completion: PaidCompletion) => void,
): Promise<Outcome> {
  try {
    const first = await askModel(turn, question, signal, deadline);
    onCompletion(first);
    const reply = readReply(first, features);
    if ('replies' in reply) return reply;
    if (!reply.isCut) return await repair(first.content, reply.fault);
    const detail = `The answer does not count: ${reply.fault} (agents.${id}.maxTokens, thinkingTokens; a model that thinks though thinking is off takes another dialect or extraBody).`;
    return { reason: 'invalid_answer', detail };
  } catch (error) {
    if (error instanceof CompletionRefused) return { reason: error.reason, detail: error.message };
    throw error;
  }

  async function repair(content: string, fault: string): Promise<Outcome> {
    const quoted: Message[] =
      content.trim() === '' ? [] : [{ role: 'assistant', content: content.slice(0, MAX_QUOTED_LENGTH) }];
    const again: Message[] = [...question.messages, ...quoted, { role: 'user', content: repairPrompt(fault) }];
    try {
      const second = await askModel(turn, { ...question, messages: again }, signal, deadline);
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

function record(spent: Spent, { model, use, cost }: PaidCompletion): void {
  spent.tokens += use.cachedInput + use.input + use.output;
  spent.cost = spent.cost.plus(cost);
  spent.model = model;
}

/** The agent's signal of one entry of a reply. */
export function signalFrom(
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
    evidence: [...reply.evidence, ...salvageNote(reply)],
  };
}

/** Beside the evidence, so that whoever reads the record sees what was put right. */
function salvageNote({ slips }: SymbolReply): string[] {
  return slips.length === 0 ? [] : [shortened(`salvaged: ${slips.join(', ')}`, 120)];
}
