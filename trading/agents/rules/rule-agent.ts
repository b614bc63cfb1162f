import type { RuleSignal } from '../../../contracts/rule-agent.ts';
import type { AgentRequest } from '../../../contracts/signals.ts';
import type { AgentId } from '../../../domain/signals/agents.ts';
import { type AgentAnswer, abstain, type Opinion } from '../../../domain/signals/signals.ts';
import { outcomeProbabilities } from '../../../domain/statistics/statistics.ts';
import { shortened } from '../answer-check.ts';
import { type Agent, freeAnswer, symbolsOf } from '../port.ts';
import { RuleFault } from './fault.ts';
import { CYCLE_LIMITS, type OpenRule, openRule, type RuleLimits } from './open-rule.ts';
import type { Declared, Given } from './said.ts';
import { viewOf } from './view.ts';

const MINUTE_MS = 60_000;
const USUAL_CONVICTION = 0.5;
const MOST_EVIDENCE = 12;

/** A rule's file as it was added. */
export interface RuleFile {
  agentId: AgentId;
  /** Absolute. */
  file: string;
  sha256: string;
}

/** The version under which its answers are kept. */
export function versionOf(sha256: string): string {
  return sha256.slice(0, 12);
}

/**
 * Asks a rule of somebody's own anew for each question, in a process that ends with the answer: nothing is remembered, and what it breaks is its own.
 */
export function createRuleAgent(rule: RuleFile, limits: RuleLimits = CYCLE_LIMITS): Agent {
  return {
    id: rule.agentId,
    async answer(request, signal) {
      let opened: OpenRule | undefined;
      const close = () => opened?.close();
      signal.addEventListener('abort', close, { once: true });
      try {
        opened = await openRule(rule.file, limits);
        return await answerOf(opened, rule, request);
      } catch (error) {
        if (!(error instanceof RuleFault)) throw error;
        return signed(rule, abstain(rule.agentId, symbolsOf(request), error.reason, shortened(error.message)));
      } finally {
        signal.removeEventListener('abort', close);
        close();
      }
    },
  };
}

/**
 * What an open rule answers to one question, one opinion a symbol. Of a backtest as well, which keeps it open over its bars.
 *
 * @throws RuleFault
 */
export async function answerOf(
  { declared, decide }: Pick<OpenRule, 'declared' | 'decide'>,
  { agentId, sha256 }: Pick<RuleFile, 'agentId' | 'sha256'>,
  { snapshot: { symbols, takenAt }, horizonMs: asked }: Pick<AgentRequest, 'snapshot' | 'horizonMs'>,
): Promise<AgentAnswer> {
  const { horizonMinutes } = declared;
  const horizonMs = horizonMinutes === undefined ? asked : horizonMinutes * MINUTE_MS;
  const seen = symbols.map((one) => ({ symbol: one.instrument.symbol, view: viewOf(one, takenAt, horizonMs) }));
  const views = seen.flatMap(({ view }) => (typeof view === 'string' ? [] : [view]));
  const given = views.length === 0 ? [] : await decide(views);
  const opinions = seen.flatMap(({ symbol, view }): Opinion[] => {
    if (typeof view === 'string') return abstain(agentId, [symbol], 'not_enough_data', view);
    const answer = given[views.indexOf(view)] ?? { fault: 'it has no answer' };
    return [opinionOf(answer, { agentId, symbol, horizonMs, takenAt, deviation: view.features.deviation }, declared)];
  });
  return signed({ agentId, sha256 }, opinions, declared.name);
}

interface Frame {
  agentId: AgentId;
  symbol: string;
  horizonMs: number;
  takenAt: number;
  deviation: number;
}

function opinionOf(given: Given, frame: Frame, { parameters }: Declared): Opinion {
  const { agentId, symbol, horizonMs, takenAt, deviation } = frame;
  if ('abstain' in given) return { kind: 'abstention', agentId, symbol, reason: 'no_view', detail: given.abstain };
  if ('fault' in given) {
    return { kind: 'abstention', agentId, symbol, reason: 'invalid_answer', detail: shortened(`${given.fault}.`) };
  }
  const { expectedReturn, uncertainty = deviation, probabilities, conviction, rationale }: RuleSignal = given.signal;
  return {
    kind: 'signal',
    agentId,
    symbol,
    probabilities: probabilities ?? outcomeProbabilities(expectedReturn, uncertainty),
    expectedReturn,
    uncertainty,
    conviction: conviction ?? USUAL_CONVICTION,
    horizonMs,
    validUntilAt: takenAt + horizonMs,
    rationale: rationale ?? '',
    evidence: Object.entries(parameters)
      .slice(0, MOST_EVIDENCE)
      .map(([name, value]) => shortened(`${name} ${value}`, 120)),
  };
}

function signed(
  { agentId, sha256 }: Pick<RuleFile, 'agentId' | 'sha256'>,
  opinions: Opinion[],
  model: string = agentId,
) {
  return freeAnswer({ agentId, model, version: versionOf(sha256) }, opinions);
}
