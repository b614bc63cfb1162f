import type { AgentId } from './agents.ts';

/** One agent's view of one symbol. Returns are fractions over the horizon, e.g. 0.004 is +0.4 %. */
export interface Signal {
  kind: 'signal';
  agentId: AgentId;
  symbol: string;
  probabilities: { up: number; flat: number; down: number };
  expectedReturn: number;
  /** Standard deviation of the return over the horizon. */
  uncertainty: number;
  /** How much the agent trusts its own view, 0 to 1. */
  conviction: number;
  /** How far it looks from when it was formed. */
  horizonMs: number;
  /** The exchange's clock when the view was formed; the snapshot's where it is not said. */
  formedAt?: number | undefined;
  validUntilAt: number;
  rationale: string;
  evidence: string[];
  /** Present where the numbers above are not those that the agent said. */
  rebuilt?: Rebuilt | undefined;
}

/** What a signal said before it was put right, and by what: its own probabilities, or what the market lets anybody know. */
export interface Rebuilt {
  by: 'probabilities' | 'market';
  expectedReturn: number;
  uncertainty: number;
}

export const abstentionReasons = [
  'not_configured',
  'no_key',
  'no_endpoint',
  'no_worker',
  'wrong_model',
  'timeout',
  'unavailable',
  'invalid_answer',
  'no_snapshot',
  'not_enough_data',
  'budget_spent',
  'disabled',
  'cooling_down',
  'no_signal',
  'no_view',
] as const;
export type AbstentionReason = (typeof abstentionReasons)[number];

const failures: readonly AbstentionReason[] = ['timeout', 'unavailable', 'invalid_answer', 'no_worker'];

/** Of an agent that was asked and could not answer. One that had nothing to say, was shown nothing, or is not set up or not rightly, has not failed. */
export function isFailure(reason: AbstentionReason): boolean {
  return failures.includes(reason);
}

/** Of an agent that somebody set up and that does not vote: it fails, is left alone since it failed so often, its model is another, or the market's snapshot did not reach it. */
export function isUnwell(reason: AbstentionReason): boolean {
  return isFailure(reason) || ['cooling_down', 'wrong_model', 'no_snapshot'].includes(reason);
}

/**
 * Of a cycle's answers: nobody gave a signal or looked and saw none to give, and somebody that is set up was kept from it. Where nobody is set up, or the
 * stand-in looked in place of the others, nothing is missed.
 */
export function isUnheard(answers: readonly { opinions: readonly Opinion[] }[]): boolean {
  const opinions = answers.flatMap((answer) => answer.opinions);
  const isSeen = opinions.some((opinion) => opinion.kind === 'signal' || opinion.reason === 'no_view');
  return !isSeen && opinions.some((opinion) => opinion.kind === 'abstention' && isUnwell(opinion.reason));
}

/**
 * No view, which is not the view "hold". `no_signal`: nothing was brought. `no_view`: asked, well, and nothing to say (no entry, no news,
 * nothing that leans either way), which is never a forecast of zero.
 */
export interface Abstention {
  kind: 'abstention';
  agentId: AgentId;
  symbol: string;
  reason: AbstentionReason;
  /** A sentence for a person: what is missing and how to switch the agent on. */
  detail: string;
}

export type Opinion = Signal | Abstention;

/** An agent's answer to one cycle: one opinion for each symbol of the snapshot. */
export interface AgentAnswer {
  agentId: AgentId;
  opinions: Opinion[];
  /** What it held before it heard the others, where there was a debate. */
  before?: Opinion[] | undefined;
  /** What produced the answer, e.g. `deepseek-flash` or `avellaneda-stoikov`. */
  model: string;
  version: string;
  latencyMs: number;
  tokens: number;
  /** Money spent on the answer, in US dollars. */
  costUsd: string;
}

export function abstain(
  agentId: AgentId,
  symbols: readonly string[],
  reason: AbstentionReason,
  detail: string,
): Abstention[] {
  return symbols.map((symbol) => ({ kind: 'abstention', agentId, symbol, reason, detail }));
}

const MAX_CHARACTERS = 80;

/**
 * Answers that together have at most so many bytes as JSON. Where they have more, those that are longer than their share lose words and evidence,
 * and never a view: what one agent has to say must not cost the others theirs.
 */
export function withinBytes(answers: readonly AgentAnswer[], mostBytes: number): AgentAnswer[] {
  const sizes = answers.map(bytesOf);
  if (sizes.reduce((total, size) => total + size, 0) <= mostBytes) return [...answers];
  const share = mostBytes / answers.length;
  return answers.map((answer, index) => ((sizes[index] ?? 0) > share ? shortened(answer) : answer));
}

function shortened({ before, ...answer }: AgentAnswer): AgentAnswer {
  const cut = (opinion: Opinion): Opinion =>
    opinion.kind === 'signal'
      ? { ...opinion, rationale: beginning(opinion.rationale), evidence: [] }
      : { ...opinion, detail: beginning(opinion.detail) };
  return { ...answer, opinions: answer.opinions.map(cut), ...(before ? { before: before.map(cut) } : {}) };
}

/** No half of a character. */
function beginning(text: string): string {
  return Array.from(text).slice(0, MAX_CHARACTERS).join('');
}

/** A character is three bytes at most: a pair of surrogates has four. */
function bytesOf(value: unknown): number {
  return JSON.stringify(value).replace(/[^\p{ASCII}]/gu, 'xxx').length;
}
