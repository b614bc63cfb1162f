import type { AgentId } from '../../domain/signals/agents.ts';

/**
 * What the stand-in agents are to think, carried by the cycle's id, e.g. `chaos/7/17/0.42/BTC+ETH-`, or
 * `chaos/7/17/deepseek~11000/0.42/BTC+` where one of them takes 11 s: the same on every try. `BTC=` is a rise of next to nothing, and in
 * `chaos/7/17/over/0.42/` a horizon has passed since any view was held.
 */
export interface Wishes {
  run: number;
  number: number;
  /** Conviction, 0 to 1. */
  strength: number;
  up: readonly string[];
  down: readonly string[];
  /** Of which they still expect a rise, and so little that a part of what is held is to be sold. */
  less?: readonly string[];
  /** Whether the views that something is held on have ended. */
  isOver?: boolean;
  /** Who answers late. */
  late?: LateAgent;
}

export interface LateAgent {
  agentId: AgentId;
  lateMs: number;
}

/** In the id of a cycle. */
export const OVER = '/over';

export function wishId({ run, number, strength, up, down, less = [], isOver = false, late }: Wishes): string {
  const words = [
    ...up.map((symbol) => `${baseOf(symbol)}+`),
    ...down.map((symbol) => `${baseOf(symbol)}-`),
    ...less.map((symbol) => `${baseOf(symbol)}=`),
  ];
  const lateness = late ? `/${late.agentId}~${late.lateMs}` : '';
  return `chaos/${run}/${number}${lateness}${isOver ? OVER : ''}/${strength.toFixed(2)}/${words.join('')}`;
}

const returns = { '+': 0.02, '-': -0.02, '=': 0.002 };

/** What they expect of a symbol. Of one that nobody wished for nothing, in a calm market: what is held of it costs nothing to hold. */
export function viewIn(cycleId: string, symbol: string): { expectedReturn: number; uncertainty: number } {
  const wishes = cycleId.split('/').at(-1) ?? '';
  const wished = Object.entries(returns).find(([sign]) => wishes.includes(`${baseOf(symbol)}${sign}`));
  return wished ? { expectedReturn: wished[1], uncertainty: 0.4 } : { expectedReturn: 0, uncertainty: 0.001 };
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
