import type { AgentId } from '../../domain/signals/agents.ts';
import { type AgentAnswer, abstain, type Opinion, withinBytes } from '../../domain/signals/signals.ts';
import type { Journal } from '../../stores/journal/port.ts';

/** Of all guests together: what they bring goes into the history of the cycle, where one value may have 2 MB. */
const MAX_BYTES = 500_000;

export interface GuestQuestion {
  guests: readonly AgentId[];
  symbols: readonly string[];
}

export interface GuestTools {
  journal: Pick<Journal, 'guests' | 'policy'>;
  account: string;
  /** UTC epoch milliseconds, by the clock that the journal dates what it is brought by. */
  now(): number;
}

/** Agents that bring their signals by themselves are not asked: what they brought stands until it is too old. One answer of each. */
export async function hearGuests(
  { journal, account, now }: GuestTools,
  { guests, symbols }: GuestQuestion,
): Promise<AgentAnswer[]> {
  const { settings } = await journal.policy.read(account);
  const standing = await journal.guests.standing(now() - settings.maxSignalAgeSeconds * 1_000);
  const answers = guests.map((agentId) => {
    const own = standing.filter(({ signal }) => signal.agentId === agentId);
    const opinions = symbols.flatMap((symbol): Opinion[] => {
      const found = own.find(({ signal }) => signal.symbol === symbol);
      const detail = `brought no signal within ${settings.maxSignalAgeSeconds} s (maxSignalAgeSeconds)`;
      return found ? [found.signal] : abstain(agentId, [symbol], 'no_signal', detail);
    });
    const { model = 'none', version = 'none' } = own[0] ?? {};
    return { agentId, opinions, model, version, latencyMs: 0, tokens: 0, costUsd: '0' };
  });
  return withinBytes(answers, MAX_BYTES);
}
