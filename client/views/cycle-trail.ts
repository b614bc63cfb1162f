import type { SymbolConsensus } from '../../contracts/consensus.ts';
import type { CycleRecord } from '../../contracts/cycle.ts';
import { detailSentence, refusalSentence } from '../../contracts/refusal-sentences.ts';
import type { AgentAnswer, Opinion, Signal } from '../../domain/signals/signals.ts';
import { clock, percent } from './cycle-view.ts';
import { aboutOf, whyLines } from './cycle-why.ts';
import { ageWords } from './standing-view.ts';

/** A decision record as a person reads it, from the market seen to what was done. */
export function describeTrail(record: CycleRecord): string[] {
  return [
    `${record.outcome} (${record.mode})  ${record.cycleId}`,
    `${clock(record.startedAt)}, ${record.finishedAt - record.startedAt} ms, halt epoch ${record.epoch}`,
    record.summary,
    ...whyLines(record).filter((line) => line !== record.summary),
    ...section('Market', describeMarket(record)),
    ...section(
      'Signals',
      record.answers.flatMap((answer) => describeAnswer(answer, record.snapshot?.takenAt)),
    ),
    ...section('Consensus', describeConsensus(record)),
    ...section('Limits', describeVerdicts(record)),
    ...section(
      'Orders',
      record.orders.map(
        ({ side, quantity, symbol, limitPrice, state, filledQuantity, intentId, detail }) =>
          `${side} ${quantity} ${symbol} at ${limitPrice} or better: ${state}, filled ${filledQuantity}  [${intentId}]${detail ? `  ${detailSentence(detail, symbol, record.currency ?? '')}` : ''}`,
      ),
    ),
    ...section(
      'Fills',
      record.fills.map(
        ({ side, quantity, symbol, price, fee, feeAsset, liquidity, tradeId }) =>
          `${side} ${quantity} ${symbol} at ${price}, fee ${fee} ${feeAsset}, ${liquidity}, trade ${tradeId}`,
      ),
    ),
    ...section('Equity', [record.equity ?? 'unknown']),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return ['', title, ...(lines.length > 0 ? lines : ['none']).map((line) => `  ${line}`)];
}

function describeMarket({ snapshot, prices }: CycleRecord): string[] {
  if (!snapshot) return [];
  const list = (mids: Record<string, string>): string[] =>
    Object.entries(mids).map(([symbol, mid]) => `${symbol} ${mid}`);
  return [
    `snapshot ${snapshot.snapshotId} of ${snapshot.venue} at ${clock(snapshot.takenAt)}`,
    ...list(snapshot.mids),
    ...(prices ? [`prices of the decision at ${clock(prices.takenAt)}`, ...list(prices.mids)] : []),
  ];
}

function describeAnswer(
  { agentId, opinions, model, latencyMs, costUsd }: AgentAnswer,
  takenAt: number | undefined,
): string[] {
  const [first] = opinions;
  const sameAbstention =
    first?.kind === 'abstention' &&
    opinions.every((opinion) => opinion.kind === 'abstention' && opinion.reason === first.reason);
  if (sameAbstention) return [`${agentId}: abstains, ${first.reason}: ${first.detail}`];
  return [
    `${agentId} (${model}, ${Math.round(latencyMs)} ms, ${costUsd} USD)`,
    ...opinions.map((opinion) => `  ${describeOpinion(opinion, takenAt)}`),
  ];
}

function describeOpinion(opinion: Opinion, takenAt: number | undefined): string {
  if (opinion.kind === 'abstention') return `${opinion.symbol}: abstains, ${opinion.reason}: ${opinion.detail}`;
  const { symbol, probabilities, conviction, rationale, rebuilt } = opinion;
  const { up, flat, down } = probabilities;
  return `${symbol}: ${distribution(opinion)}, up ${up.toFixed(2)} flat ${flat.toFixed(2)} down ${down.toFixed(2)}, conviction ${conviction.toFixed(2)}${ageWords(opinion, takenAt)}${rebuilt ? `, ${rebuiltBy[rebuilt.by]} (it said ${distribution(rebuilt)})` : ''}: ${rationale}`;
}

const rebuiltBy = {
  probabilities: 'put right by its own probabilities',
  market: 'cut to what the market lets anybody know',
} as const;

function distribution({ expectedReturn, uncertainty }: Pick<Signal, 'expectedReturn' | 'uncertainty'>): string {
  return `${percent(expectedReturn)} ± ${(uncertainty * 100).toFixed(2)} %`;
}

function describeConsensus({ consensus }: CycleRecord): string[] {
  if (!consensus) return [];
  const { method, policyVersion, policy, symbols } = consensus;
  const seats = policy?.agents ?? {};
  const isAnyBelievedInPart = Object.values(seats).some(({ calibration }) => calibration !== undefined);
  const earnedBy = (agentId: string): string => {
    const { trust = 1, calibration } = seats[agentId] ?? {};
    const earned = [
      ...(trust === 1 ? [] : [`trust ${trust.toFixed(2)}`]),
      ...(calibration ? [`believed ${(calibration.slope * 100).toFixed(1)} % of its return`] : []),
    ];
    return earned.length === 0 ? '' : ` (${earned.join(', ')})`;
  };
  return [
    `${method}, policy ${policyVersion}${policy && !isAnyBelievedInPart ? ', each agent taken at its word' : ''}`,
    ...symbols.flatMap(
      ({ symbol, direction, expectedReturn, error, conviction, dissent, quorum, votes, vetoedBy = [] }) => [
        `${symbol}: ${direction} ${percent(expectedReturn)}${error === undefined ? '' : ` (known to ± ${(error * 100).toFixed(2)} %)`}, conviction ${conviction.toFixed(2)}, dissent ${dissent.toFixed(2)}; ${describeQuorum(quorum)}${vetoedBy.length > 0 ? `; vetoed by ${vetoedBy.join(', ')}` : ''}`,
        ...votes.map(
          ({ agentId, weight, counted, note }) =>
            `  ${agentId}: ${counted ? `weight ${weight.toFixed(2)}${earnedBy(agentId)}` : 'not counted'}${note ? `, ${note}` : ''}`,
        ),
      ],
    ),
  ];
}

function describeQuorum({ met, count, countNeeded, missingGroups = [] }: SymbolConsensus['quorum']): string {
  const missing = missingGroups.length > 0 ? `, without ${missingGroups.join(', ')}` : '';
  return `quorum ${met ? 'met' : 'not met'} (${count} of ${countNeeded}${missing})`;
}

function describeVerdicts({ plan, currency = '' }: CycleRecord): string[] {
  return (plan?.verdicts ?? []).map((verdict) => `${aboutOf(verdict)}${refusalSentence(verdict, currency)}`);
}
