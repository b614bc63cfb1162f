import type { AgentId } from '../../domain/signals/agents.ts';

/**
 * What the stand-in agents are to think, carried by the cycle's id, e.g. `chaos/7/17/0.42/BTC+ETH-`, or
 * `chaos/7/17/deepseek~11000/0.42/BTC+` where one of them takes 11 s: the same on every try.
 */
export interface Wishes {
  run: number;
  number: number;
  /** Conviction, 0 to 1. */
  strength: number;
  up: readonly string[];
  down: readonly string[];
  /** Who answers late. */
  late?: LateAgent;
}

export interface LateAgent {
  agentId: AgentId;
  lateMs: number;
}

export function wishId({ run, number, strength, up, down, late }: Wishes): string {
  const words = [...up.map((symbol) => `${baseOf(symbol)}+`), ...down.map((symbol) => `${baseOf(symbol)}-`)];
  const lateness = late ? `/${late.agentId}~${late.lateMs}` : '';
  return `chaos/${run}/${number}${lateness}/${strength.toFixed(2)}/${words.join('')}`;
}

export function directionIn(cycleId: string, symbol: string): -1 | 0 | 1 {
  const wishes = cycleId.split('/').at(-1) ?? '';
  if (wishes.includes(`${baseOf(symbol)}+`)) return 1;
  return wishes.includes(`${baseOf(symbol)}-`) ? -1 : 0;
}

export function strengthIn(cycleId: string): number {
  return Number(cycleId.split('/').at(-2));
}

export function latenessIn(cycleId: string, agentId: AgentId): number {
  const words = cycleId.split('/').find((part) => part.startsWith(`${agentId}~`));
  return Number(words?.split('~')[1] ?? 0);
}

function baseOf(symbol: string): string {
  return symbol.split('/')[0] ?? symbol;
}
