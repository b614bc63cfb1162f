import type { AbstentionReason, AgentAnswer, Opinion, Rebuilt, Signal } from '../domain/signals/signals.ts';

/** A signal as a row: symbol, chances of up, flat and down, expected return, uncertainty, conviction, rationale, evidence, what was rebuilt. */
type SignalRow = [string, number, number, number, number, number, number, string, string[], Rebuilt?];
/** An abstention: symbol, and which of the reasons. */
type AbstentionRow = [string, number];

/** What all opinions of one answer have in common stands once. */
interface PackedOpinions {
  horizonMs: number;
  formedAt?: number | undefined;
  validUntilAt: number;
  rows: (SignalRow | AbstentionRow)[];
  reasons: { reason: AbstentionReason; detail: string }[];
}

/**
 * An answer as it stands in a cycle's history, which has one of each agent: names of fields once a symbol would be half of it.
 */
export interface PackedAnswer extends Omit<AgentAnswer, 'opinions' | 'before'> {
  packed: PackedOpinions;
  before?: PackedOpinions;
}

/** The answer with its opinions as rows, or as it is where they differ in what stands once. Nothing is lost: `unpacked` gives the same back. */
export function packed(answer: AgentAnswer): AgentAnswer | PackedAnswer {
  const { opinions, before, ...rest } = answer;
  const own = rowsOf(answer, opinions);
  const first = before && rowsOf(answer, before);
  if (!own || (before && !first)) return answer;
  return { ...rest, packed: own, ...(first ? { before: first } : {}) };
}

/** Either form. */
export function unpacked(answer: AgentAnswer | PackedAnswer): AgentAnswer {
  if (!('packed' in answer)) return answer;
  const { packed: own, before, ...rest } = answer;
  const { agentId } = answer;
  return { ...rest, opinions: opinionsOf(agentId, own), ...(before ? { before: opinionsOf(agentId, before) } : {}) };
}

function rowsOf({ agentId }: AgentAnswer, opinions: readonly Opinion[]): PackedOpinions | undefined {
  const common = opinions.find(({ kind }) => kind === 'signal') as Signal | undefined;
  const { horizonMs = 0, formedAt, validUntilAt = 0 } = common ?? {};
  const reasons: PackedOpinions['reasons'] = [];
  const rows: PackedOpinions['rows'] = [];
  for (const opinion of opinions) {
    if (opinion.agentId !== agentId) return undefined;
    const { symbol } = opinion;
    if (opinion.kind === 'signal') {
      if (opinion.horizonMs !== horizonMs || opinion.validUntilAt !== validUntilAt) return undefined;
      if (opinion.formedAt !== formedAt) return undefined;
      const { probabilities, expectedReturn, uncertainty, conviction, rationale, evidence, rebuilt } = opinion;
      const { up, flat, down } = probabilities;
      const row: SignalRow = [symbol, up, flat, down, expectedReturn, uncertainty, conviction, rationale, evidence];
      if (rebuilt) row.push(rebuilt);
      rows.push(row);
    } else {
      const { reason, detail } = opinion;
      let place = reasons.findIndex((known) => known.reason === reason && known.detail === detail);
      if (place < 0) place = reasons.push({ reason, detail }) - 1;
      rows.push([symbol, place]);
    }
  }
  return { horizonMs, ...(formedAt === undefined ? {} : { formedAt }), validUntilAt, rows, reasons };
}

function opinionsOf(
  agentId: AgentAnswer['agentId'],
  { horizonMs, formedAt, validUntilAt, rows, reasons }: PackedOpinions,
): Opinion[] {
  return rows.map((row) => {
    if (row.length === 2) {
      const [symbol, place] = row;
      const why = reasons[place];
      if (!why) throw new Error(`the answer of ${agentId} on ${symbol} names reason ${place} of ${reasons.length}`);
      return { kind: 'abstention', agentId, symbol, ...why };
    }
    const [symbol, up, flat, down, expectedReturn, uncertainty, conviction, rationale, evidence, rebuilt] = row;
    const probabilities = { up, flat, down };
    const dates = { horizonMs, ...(formedAt === undefined ? {} : { formedAt }), validUntilAt };
    const view = { probabilities, expectedReturn, uncertainty, conviction, ...dates };
    return { kind: 'signal', agentId, symbol, ...view, rationale, evidence, ...(rebuilt ? { rebuilt } : {}) };
  });
}
