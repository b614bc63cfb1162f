import type { ChatRequest } from './fake-provider.ts';

/** The user message of a chat request. */
export function userMessage(request: ChatRequest): string {
  return request.messages.find(({ role }) => role === 'user')?.content ?? '';
}

export function symbolsAsked(request: ChatRequest): string[] {
  const line = /^Symbols: (.*)\.$/m.exec(userMessage(request))?.[1] ?? '';
  return line.split(', ');
}

export function entryFor(symbol: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    symbol,
    probabilities: { up: 0.5, flat: 0.3, down: 0.2 },
    expected_return_bps: 12,
    conviction: 0.3,
    rationale: 'Short momentum with a supporting book.',
    evidence: [`${symbol}.return_15m_bps`, `${symbol}.book_imbalance`],
    ...changes,
  };
}

/** A reply that keeps the output contract. */
export function goodReply(request: ChatRequest, changes: Record<string, unknown> = {}): string {
  return JSON.stringify({ signals: symbolsAsked(request).map((symbol) => entryFor(symbol, changes)) });
}
