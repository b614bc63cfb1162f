import type { AgentScoreRecord } from '../../../contracts/scores.ts';
import { mostProbable } from '../../../domain/consensus/pooling.ts';
import { decimal } from '../../../domain/money/money.ts';
import { halfBrier, outcomeOf } from '../../../domain/scoring/periods.ts';
import type { ModelCall } from '../../journal/books/model-calls.ts';
import type { SettledSignal } from '../../journal/books/scores.ts';
import { money, type Projected, row } from './values.ts';

export function signalSettled(settled: SettledSignal): Projected[] {
  const { account, agentId, symbol, model, price, finalPrice, probabilities, share, dueAt } = settled;
  const direction = mostProbable(probabilities);
  const realisedReturn = finalPrice === undefined ? null : decimal(finalPrice).div(price).minus(1).toNumber();
  const outcome = realisedReturn === null ? null : outcomeOf(realisedReturn);
  return [
    row('signal_outcomes', {
      agent: agentId,
      symbol,
      account,
      model,
      price: money(price),
      final_price: finalPrice === undefined ? null : money(finalPrice),
      realised_return: realisedReturn,
      outcome,
      direction,
      said: probabilities[direction],
      half_brier: outcome === null ? null : halfBrier(probabilities, outcome),
      vote_share: share,
      due_at: dueAt,
      // Events of an earlier release don't have these.
      expected_return: settled.expectedReturn ?? null,
      uncertainty: settled.uncertainty ?? null,
      conviction: settled.conviction ?? null,
      horizon_ms: settled.horizonMs ?? null,
      formed_at: settled.formedAt ?? null,
    }),
  ];
}

export function agentScored(score: AgentScoreRecord & { account: string }): Projected[] {
  return [
    row(
      'agent_scores',
      {
        agent: score.agentId,
        account: score.account,
        signals: score.count,
        brier: score.brier,
        reference_brier: score.referenceBrier,
        skill: score.skill,
        hit_rate: score.hitRate,
        calibration_error: score.calibrationError,
        pnl_contribution: score.pnlContribution,
        trust: score.trust,
        // Events of an earlier release don't have these.
        horizons: score.horizons ?? null,
        directional_skill: score.directionalSkill ?? null,
        trust_error: score.trustError ?? null,
        bias: score.returns?.bias ?? null,
        information_coefficient: score.returns?.informationCoefficient ?? null,
        slope: score.returns?.slope ?? null,
        slope_error: score.returns?.slopeError ?? null,
        coverage: score.returns?.coverage ?? null,
        crps_skill: score.returns?.crpsSkill ?? null,
        believed_slope: score.belief?.slope ?? null,
        believed_error: score.belief?.slopeError ?? null,
      },
      '',
      score.scoredAt,
    ),
  ];
}

export function modelCalled(call: ModelCall): Projected[] {
  return [
    row(
      'model_calls',
      {
        agent: call.agentId,
        call_id: call.callId,
        asked_model: call.askedModel,
        model: call.model,
        prompt_version: call.promptVersion,
        tokens: call.tokens,
        cost_usd: money(call.costUsd),
        finish_reason: call.finishReason,
        latency_ms: call.latencyMs,
      },
      '',
      call.startedAt,
    ),
  ];
}
