import type { AgentId } from './agents.ts';
import { type AbstentionReason, type AgentAnswer, abstain, type Opinion, type Signal } from './signals.ts';

/*
 * An agent that is asked every so often, and not anew for each decision: its answer stands between two questions, and each decision hears it with
 * its age.
 */

/** What an agent answered last. Times are the exchange's. */
export interface StandingAnswer {
  answer: AgentAnswer;
  /** Of the question before: what stands still of the symbols on which the last answer failed. */
  earlier: Signal[];
  /** Who said it, where that is known: an answer that failed names no model. */
  earlierBy?: Pick<AgentAnswer, 'model' | 'version'> | undefined;
  /** Of the market that it was shown. */
  formedAt: number;
  standsUntilAt: number;
}

/** The last question to an agent, and what stands of its answers. The first two times are this machine's. */
export interface AskedAgent {
  agentId: AgentId;
  askId: string;
  askedAt: number;
  /** Missing while the answer is under way, and of a question whose answer never came. */
  endedAt?: number;
  standing?: StandingAnswer;
}

/** How a question was asked. */
export interface Asked {
  formedAt: number;
  askEveryMs: number;
  /** From the market that it was shown to the answer. */
  tookMs: number;
}

/** Reasons that are an answer: what it held before it holds no more. With any other it only could not answer. */
const answers: readonly AbstentionReason[] = ['no_view', 'no_signal'];

/** The longest that one try of an answer may take. */
const LONGEST_ANSWER_MS = 600_000;
/** Of a question beside its answer: the snapshot, the wait for a worker, the books. */
const BESIDE_ANSWER_MS = 30_000;

/** For one try of an answer: the next question is due then. */
export function standingAnswerMs(askEveryMs: number): number {
  return Math.min(askEveryMs, LONGEST_ANSWER_MS);
}

/**
 * One question may fail before there is a gap, and take the longest that it may for that, which leaves the rounds meanwhile out; so may the one after it for its
 * answer. What this one took says nothing of that.
 */
export function standsUntil({ formedAt, askEveryMs }: Pick<Asked, 'formedAt' | 'askEveryMs'>): number {
  const mostMs = standingAnswerMs(askEveryMs) + BESIDE_ANSWER_MS;
  const rounds = 1 + Math.ceil(mostMs / askEveryMs);
  return formedAt + rounds * askEveryMs + mostMs;
}

/** What stands once an answer has come: a signal never beyond its own end or its horizon, and in place of one failure, not of a second, what the question before brought. */
export function kept(before: StandingAnswer | undefined, answer: AgentAnswer, asked: Asked): StandingAnswer {
  const { formedAt } = asked;
  const standsUntilAt = standsUntil(asked);
  const dated = (signal: Signal): Signal => {
    const own = signal.formedAt ?? formedAt;
    const validUntilAt = Math.min(signal.validUntilAt, standsUntilAt, own + signal.horizonMs);
    return { ...signal, formedAt: own, validUntilAt };
  };
  const opinions = answer.opinions.map((opinion) => (opinion.kind === 'signal' ? dated(opinion) : opinion));
  const failed = opinions.filter((opinion) => opinion.kind === 'abstention' && !answers.includes(opinion.reason));
  const isAnswered = failed.length < opinions.length;
  const said = before && !(isAnswered && isByAnother(before.answer, answer)) ? before.answer : undefined;
  const earlier = failed.flatMap(
    ({ symbol }) => signalAmong(said?.opinions ?? [], symbol, formedAt + asked.tookMs) ?? [],
  );
  const earlierBy = said && earlier.length > 0 ? { model: said.model, version: said.version } : undefined;
  return {
    answer: { ...answer, opinions },
    earlier,
    ...(earlierBy ? { earlierBy } : {}),
    formedAt,
    standsUntilAt,
  };
}

/** What a model or a prompt said is no other's view. */
function isByAnother(before: AgentAnswer, now: AgentAnswer): boolean {
  return before.model !== now.model || before.version !== now.version;
}

/**
 * What one that is asked every so often says to a decision at this time of the exchange's: its answer as it stands, which was paid for when it was
 * asked, or why there is none.
 */
export function heard(
  { agentId, asked, askEveryMs }: { agentId: AgentId; asked: AskedAgent | undefined; askEveryMs: number },
  symbols: readonly string[],
  at: number,
): AgentAnswer {
  const { standing } = asked ?? {};
  const opinions = symbols.flatMap((symbol): Opinion[] => {
    const signal = signalOn(standing, symbol, at);
    if (signal) return [signal];
    const last = standing?.answer.opinions.find((opinion) => opinion.symbol === symbol);
    if (standing && last?.kind === 'abstention' && standing.standsUntilAt > at) return [last];
    const detail = `asked every ${askEveryMs / 1_000} s: ${silenceOf(asked, last !== undefined)}`;
    return abstain(agentId, [symbol], 'no_signal', detail);
  });
  const isEarlier =
    standing !== undefined &&
    opinions.some((opinion) => opinion.kind === 'signal' && standing.earlier.includes(opinion));
  const isOfLast = standing?.answer.opinions.some((opinion) => opinion.kind === 'signal' && opinions.includes(opinion));
  const by = isEarlier && !isOfLast ? (standing.earlierBy ?? standing.answer) : standing?.answer;
  const { model = 'none', version = 'none' } = by ?? {};
  return { agentId, opinions, model, version, latencyMs: 0, tokens: 0, costUsd: '0' };
}

function signalOn(standing: StandingAnswer | undefined, symbol: string, at: number): Signal | undefined {
  return signalAmong([...(standing?.answer.opinions ?? []), ...(standing?.earlier ?? [])], symbol, at);
}

function signalAmong(opinions: readonly Opinion[], symbol: string, at: number): Signal | undefined {
  return opinions.find(
    (opinion): opinion is Signal => opinion.kind === 'signal' && opinion.symbol === symbol && opinion.validUntilAt > at,
  );
}

function silenceOf(asked: AskedAgent | undefined, wasAsked: boolean): string {
  if (!asked) return 'not asked yet';
  const { standing, askedAt, endedAt } = asked;
  const underWay = endedAt === undefined ? `is under way since ${isoOf(askedAt)}` : undefined;
  if (!standing) return `the first answer ${underWay ?? 'is missing'}`;
  const last = wasAsked
    ? `its answer of ${isoOf(standing.formedAt)} does not stand any more`
    : `it was not asked about this at ${isoOf(standing.formedAt)}`;
  return underWay ? `${last}, the next one ${underWay}` : last;
}

function isoOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
