import type { Consensus } from '../../../contracts/consensus.ts';
import type { CycleRecord, PlanResult } from '../../../contracts/cycle.ts';
import { refusals } from '../../../contracts/refusals.ts';
import { mostProbable } from '../../../domain/consensus/pooling.ts';
import { decimal, sum, text } from '../../../domain/money/money.ts';
import type { RefusalCode } from '../../../domain/orders/refusal.ts';
import type { Allocation, OrderPlan, RiskVerdict } from '../../../domain/portfolio/portfolio.ts';
import type { AgentAnswer, Opinion, Signal } from '../../../domain/signals/signals.ts';
import type { SubmittedSignal } from '../../journal/books/guests.ts';
import { type Facts, money, type Projected, row } from './values.ts';

const nothing = {
  reason: null,
  detail: null,
  direction: null,
  probability_up: null,
  probability_flat: null,
  probability_down: null,
  expected_return: null,
  uncertainty: null,
  conviction: null,
  horizon_ms: null,
  rationale: null,
};

function viewOf({ probabilities, expectedReturn, uncertainty, conviction, horizonMs, rationale }: Signal): Facts {
  return {
    direction: mostProbable(probabilities),
    probability_up: probabilities.up,
    probability_flat: probabilities.flat,
    probability_down: probabilities.down,
    expected_return: expectedReturn,
    uncertainty,
    conviction,
    horizon_ms: horizonMs,
    rationale,
  };
}

function opinionRow(
  opinion: Opinion,
  { model, version, latencyMs }: Pick<AgentAnswer, 'model' | 'version'> & { latencyMs: number | null },
  seen: { via: string; price: string | null; share: number | null; at?: number | undefined },
): Projected {
  const { agentId: agent, symbol, kind } = opinion;
  const said = opinion.kind === 'signal' ? viewOf(opinion) : { reason: opinion.reason, detail: opinion.detail };
  const facts = {
    agent,
    symbol,
    kind,
    via: seen.via,
    ...nothing,
    ...said,
    price: seen.price,
    vote_share: seen.share,
    model,
    model_version: version,
    latency_ms: latencyMs,
  };
  return row('agent_signals', facts, `${agent}/${symbol}`, seen.at);
}

export function cycleFinished(record: CycleRecord): Projected[] {
  const { account, outcome, summary, startedAt, finishedAt, snapshot, answers, plan, orders, fills, equity } = record;
  const opinions = answers.flatMap((answer) => answer.opinions);
  const signals = opinions.filter(({ kind }) => kind === 'signal').length;
  const decision = {
    account,
    outcome,
    summary,
    started_at: startedAt,
    snapshot_id: snapshot?.snapshotId ?? null,
    snapshot_at: snapshot?.takenAt ?? null,
    duration_ms: Math.max(0, Math.round(finishedAt - startedAt)),
    signals,
    abstentions: opinions.length - signals,
    legs: plan?.legs.length ?? 0,
    orders: orders.length,
    fills: fills.length,
    tokens: answers.reduce((total, { tokens }) => total + tokens, 0),
    cost_usd: money(sum(answers.map(({ costUsd }) => decimal(costUsd)))),
    equity: equity ?? null,
  };
  return [row('decisions', decision, '', finishedAt), ...answers.flatMap((answer) => answerRows(answer, record))];
}

function answerRows(answer: AgentAnswer, { snapshot, consensus, finishedAt }: CycleRecord): Projected[] {
  return answer.opinions.map((opinion) => {
    const votes = consensus?.symbols.find(({ symbol }) => symbol === opinion.symbol)?.votes;
    const share = votes?.find(({ agentId }) => agentId === answer.agentId)?.weight ?? null;
    const price = snapshot?.mids[opinion.symbol] ?? null;
    return opinionRow(opinion, answer, { via: 'cycle', price, share, at: snapshot?.takenAt ?? finishedAt });
  });
}

export function signalSubmitted({ signal, model, version, receivedAt }: SubmittedSignal): Projected[] {
  return [
    opinionRow(
      signal,
      { model, version, latencyMs: null },
      { via: 'submitted', price: null, share: null, at: receivedAt },
    ),
  ];
}

export function consensusFormed({ symbols, method, policyVersion, formedBy, formedAt }: Consensus): Projected[] {
  return symbols.map((view) => {
    const { symbol, direction, probabilities, conviction, dissent, votes, quorum, uncertainty } = view;
    const facts = {
      symbol,
      direction,
      probability_up: probabilities.up,
      probability_flat: probabilities.flat,
      probability_down: probabilities.down,
      expected_return: view.expectedReturn,
      uncertainty,
      conviction,
      dissent,
      voters: votes.filter(({ counted }) => counted).length,
      quorum_met: quorum.met,
      vetoed: (view.vetoedBy ?? []).length > 0,
      method,
      policy_version: policyVersion,
      formed_by: formedBy,
    };
    return row('consensus', facts, symbol, formedAt);
  });
}

export function planMade({ legs, equity }: OrderPlan): Projected[] {
  return [row('plans', { state: 'made', legs: legs.length, equity: money(equity), detail: '' })];
}

export function planEnded({ end, detail, orders }: PlanResult): Projected[] {
  return [row('plans', { state: end, legs: orders.length, equity: null, detail })];
}

export function limitBit({ code, symbol, limit, value, before, after }: RiskVerdict): Projected[] {
  // An earlier release may have had a code that this one has not.
  const { change }: Partial<(typeof refusals)[RefusalCode]> = (refusals as Partial<typeof refusals>)[code] ?? {};
  return [row('risk_verdicts', { symbol, code, limit_value: limit, value, before, after, measure: change ?? null })];
}

export function capitalAllocated({ portfolio, kind, symbol, wanted, share, amount, boundBy }: Allocation): Projected[] {
  return [
    row('allocations', {
      symbol,
      portfolio,
      kind,
      wanted,
      share,
      amount: money(text(decimal(amount))),
      bound_by: boundBy.join(),
    }),
  ];
}
