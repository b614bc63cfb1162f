import { z } from 'zod';
import { decimalText, symbolText } from '../../contracts/decimal-text.ts';
import { type AgentQuestion, agentAnswerSchema } from '../../contracts/signals.ts';
import { MAX_SNAPSHOT_BYTES, MAX_SNAPSHOT_SYMBOLS } from '../../contracts/snapshot.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import { type AbstentionReason, type AgentAnswer, abstain } from '../../domain/signals/signals.ts';
import { symbolsOf } from './port.ts';

const MAX_DETAIL = 300;

const oneOrMore = <T extends z.ZodType>(entry: T, symbolOf: (one: z.output<T>) => string) =>
  z
    .array(entry)
    .min(1)
    .max(MAX_SNAPSHOT_SYMBOLS)
    .refine((entries) => new Set(entries.map(symbolOf)).size === entries.length, {
      message: 'must name each symbol once',
    });

const asked = {
  cycleId: z.string().min(1),
  correlationId: z.string(),
  horizonMs: z
    .int()
    .min(1_000)
    .max(7 * 86_400_000),
};
const takenAt = z.int().positive();

const inlineSchema = z.object({
  ...asked,
  snapshot: z.object({
    takenAt,
    symbols: oneOrMore(
      z.object({ instrument: z.object({ symbol: symbolText }) }),
      ({ instrument }) => instrument.symbol,
    ),
  }),
});

const referringSchema = z.object({
  ...asked,
  snapshot: z.object({
    takenAt,
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
    bytes: z.int().positive().max(MAX_SNAPSHOT_BYTES),
    tops: oneOrMore(z.object({ symbol: symbolText }), ({ symbol }) => symbol),
  }),
});

/** What is wrong with the part of a question that an answer is held against; without it no answer can be valid. */
export function questionFault(question: AgentQuestion): string | undefined {
  // From whoever has put it on the queue: it may be anything.
  const { snapshot }: { snapshot: unknown } = question;
  const refers = typeof snapshot === 'object' && snapshot !== null && 'sha256' in snapshot;
  const { error } = (refers ? referringSchema : inlineSchema).safeParse(question);
  return error && firstFault(error);
}

/** The answer as it came if it may be counted, else an abstention `invalid_answer` that names the first fault and keeps what was spent. */
export function checkedAnswer(agentId: AgentId, request: AgentQuestion, candidate: unknown): AgentAnswer {
  const parsed = agentAnswerSchema.safeParse(candidate);
  const fault = parsed.success ? faultOf(agentId, request, parsed.data) : firstFault(parsed.error);
  if (parsed.success && fault === undefined) return parsed.data;
  return {
    ...abstainingAnswer(agentId, request, 'invalid_answer', `The answer of ${agentId} does not count: ${fault}.`),
    ...spentOn(candidate),
  };
}

/** An answer without a view; `detail` is shortened. */
export function abstainingAnswer(
  agentId: AgentId,
  request: AgentQuestion,
  reason: AbstentionReason,
  detail: string,
): AgentAnswer {
  return {
    agentId,
    opinions: abstain(agentId, symbolsOf(request), reason, shortened(detail)),
    model: agentId,
    version: 'no answer',
    latencyMs: 0,
    tokens: 0,
    costUsd: '0',
  };
}

export function shortened(text: string, length = MAX_DETAIL): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** `path: message` of a schema's first complaint. */
export function firstFault(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? 'it has an unknown fault' : `${issue.path.join('.') || 'the whole'}: ${issue.message}`;
}

function faultOf(agentId: AgentId, request: AgentQuestion, answer: AgentAnswer): string | undefined {
  if (answer.agentId !== agentId) return `it is signed by ${answer.agentId}`;
  const asked = symbolsOf(request);
  const given = answer.opinions.map(({ symbol }) => symbol);
  const missing = asked.find((symbol) => !given.includes(symbol));
  if (missing !== undefined) return `it has no opinion on ${missing}`;
  const extra = given.find((symbol, index) => !asked.includes(symbol) || given.indexOf(symbol) !== index);
  if (extra !== undefined) return `it has an opinion too many on ${extra}`;
  const { takenAt } = request.snapshot;
  for (const opinion of answer.opinions) {
    if (opinion.agentId !== agentId) return `an opinion is signed by ${opinion.agentId}`;
    if (opinion.kind === 'abstention') continue;
    const { symbol, horizonMs, formedAt = takenAt, validUntilAt } = opinion;
    if (formedAt > takenAt + horizonMs)
      return `${symbol} claims to be formed ${formedAt - takenAt} ms after the snapshot`;
    if (validUntilAt > formedAt + 2 * horizonMs) return `${symbol} claims to be valid for more than two horizons`;
  }
  return undefined;
}

const spentSchema = z.object({
  model: z.string().max(120),
  version: z.string().max(60),
  tokens: z.int().min(0),
  costUsd: decimalText,
});

function spentOn(candidate: unknown): Partial<AgentAnswer> {
  const spent = spentSchema.safeParse(candidate);
  return spent.success ? spent.data : {};
}
