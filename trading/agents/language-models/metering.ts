import { createHash, randomUUID } from 'node:crypto';
import { type OwnPrices, priceOf } from '../../../contracts/config/model-prices.ts';
import { type Decimal, text } from '../../../domain/money/money.ts';
import type { CycleId } from '../../../domain/orders/ids.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';
import { metrics } from '../../../runtime/telemetry/metrics.ts';
import type { ModelBudget, ModelCallBook } from '../../../stores/journal/books/model-calls.ts';
import { AgentUnavailable } from '../port.ts';
import { type Complete, type Completion, CompletionRefused, type Message, type Question } from './completion.ts';
import { samplingOf } from './dialects.ts';
import { costUsd, mostUse } from './token-use.ts';

export type ModelCalls = Pick<ModelCallBook, 'reserve' | 'settle'>;

export interface MeterSettings {
  agentId: AgentId;
  model: string;
  /** Asked where the budget is too small for `model`, and where that one cannot answer. */
  cheaperModel?: string | undefined;
  /** Of models that the table does not know, or has otherwise. */
  prices: OwnPrices;
  budget: ModelBudget;
}

export interface Turn {
  cycleId: CycleId;
  promptVersion: string;
  /** Random text in the messages, which says nothing. */
  nonce: string;
}

export interface PaidCompletion extends Completion {
  cost: Decimal;
}

export type Ask = (
  turn: Turn,
  question: Question,
  signal: AbortSignal,
  deadline: AbortSignal,
) => Promise<PaidCompletion>;

/**
 * Completions under a budget, each on record with its answer as it came. A call is reserved at the most that it can cost before it is sent;
 * one whose end is not known keeps that cost.
 *
 * @throws CompletionRefused budget_spent with the numbers; whatever `complete` throws; TypeError for a model without a price, which the configuration
 *   refuses
 */
export function metered(settings: MeterSettings, complete: Complete, calls: ModelCalls): Ask {
  const { agentId, model, cheaperModel, prices, budget } = settings;
  const models = cheaperModel === undefined ? [model] : [model, cheaperModel];
  const priceOfAsked = (asked: string) => {
    const price = priceOf(asked, prices);
    if (price === undefined) throw new TypeError(`${asked} has no price`);
    return price;
  };
  return async (turn, question, signal, deadline) => {
    let spent = { cycleUsd: '0', dayUsd: '0' };
    for (const askedModel of models) {
      const callId = `${turn.cycleId}/${agentId}/${randomUUID()}`;
      const { granted, ...before } = await calls.reserve(
        {
          callId,
          agentId,
          cycleId: turn.cycleId,
          askedModel,
          promptVersion: turn.promptVersion,
          promptHash: promptHash(question.messages, turn.nonce),
          sampling: samplingOf(question.fields),
          mostUsd: text(costUsd(priceOfAsked(askedModel), mostUse(question))),
        },
        budget,
      );
      spent = before;
      if (!granted) continue;
      try {
        return await send(callId, askedModel);
      } catch (error) {
        // Only what cost nothing is asked of another model: the time and the money of this question are still there.
        if (askedModel === models.at(-1) || !isFree(error) || signal.aborted || deadline.aborted) throw error;
      }
    }
    throw new CompletionRefused(
      'budget_spent',
      `The budget of ${agentId} is too small for one more answer: ${spent.cycleUsd} of ${budget.perCycleUsd} USD are spent in this cycle, ${spent.dayUsd} of ${budget.perDayUsd} USD today (agents.${agentId}.budgetPerCycleUsd, budgetPerDayUsd, cheaperModel).`,
      true,
    );

    async function send(callId: string, askedModel: string): Promise<PaidCompletion> {
      const startedAt = performance.now();
      const latencyMs = (): number => Math.round(performance.now() - startedAt);
      try {
        const completion = await complete(askedModel, question, signal, deadline);
        const { model: answered, use, finishReason, content } = completion;
        // The model that answered sets the price; an echo that has none falls back to the model that was asked.
        const cost = costUsd(priceOf(answered, prices) ?? priceOfAsked(askedModel), use);
        metrics.llmTokens.inc({ agent: agentId, kind: 'input' }, use.input);
        metrics.llmTokens.inc({ agent: agentId, kind: 'cached' }, use.cachedInput);
        metrics.llmTokens.inc({ agent: agentId, kind: 'output' }, use.output);
        metrics.llmCost.inc({ agent: agentId }, Number(cost));
        await calls.settle(callId, {
          model: answered,
          costUsd: text(cost),
          tokens: use.cachedInput + use.input + use.output,
          finishReason,
          content,
          latencyMs: latencyMs(),
        });
        return { ...completion, cost };
      } catch (error) {
        if (isFree(error)) {
          const end = { model: '', costUsd: '0', tokens: 0, content: '', latencyMs: latencyMs() };
          await calls.settle(callId, { ...end, finishReason: error.message });
        }
        throw error;
      }
    }
  };
}

function isFree(error: unknown): error is AgentUnavailable | CompletionRefused {
  return (error instanceof AgentUnavailable || error instanceof CompletionRefused) && error.unbilled;
}

/** SHA-256 of the messages without what is random in them: equal for equal questions. */
export function promptHash(messages: readonly Message[], nonce: string): string {
  return createHash('sha256').update(JSON.stringify(messages).replaceAll(nonce, '')).digest('hex');
}
