import type { AgentId } from '../signals/agents.ts';

/** Sums of shares differ by less than this only because of their binary fractions. */
const ROUNDING = 1e-12;

interface Claim {
  weight: number;
  /** Most that it may get. */
  cap: number;
}

/**
 * Divides `total` in proportion to the weights, as far as the caps let it: what one claim is cut by goes to the others in proportion. Where the
 * caps together are less than the total, each is raised by the same factor. Each round fixes at least one claim, so it ends.
 *
 * @returns shares that add up to `total`, in the order given
 */
export function divide(total: number, claims: readonly Claim[]): number[] {
  const room = claims.reduce((sum, { cap }) => sum + cap, 0);
  const raised = (cap: number): number => (room > 0 ? total * (cap / room) : total / claims.length);
  const caps = claims.map(({ cap }) => (room < total ? raised(cap) : cap));
  const fixed = new Set<number>();
  for (;;) {
    const freeTotal = total - caps.reduce((sum, cap, index) => sum + (fixed.has(index) ? cap : 0), 0);
    const freeWeight = claims.reduce((sum, { weight }, index) => sum + (fixed.has(index) ? 0 : weight), 0);
    const shares = claims.map(({ weight }, index) =>
      fixed.has(index) ? (caps[index] ?? 0) : freeWeight > 0 ? (freeTotal * weight) / freeWeight : 0,
    );
    const above = shares.flatMap((share, index) =>
      !fixed.has(index) && share > (caps[index] ?? 0) + ROUNDING ? index : [],
    );
    if (above.length === 0) return shares;
    for (const index of above) fixed.add(index);
  }
}

export interface VotingClaim extends Claim {
  agentId: AgentId;
  group: string;
}

/**
 * Principle: agents whose views come from one kind of source are one opinion said several times, so together they carry at most
 * `maxGroupShare` of the vote; no agent carries more than its own cap; and what one loses goes to the others in proportion. Who votes alone
 * carries everything; where there are too few for the caps to be kept, these give way in proportion.
 *
 * @param claims with weights above 0
 * @returns each agent's share; they add up to 1
 */
export function votingShares(claims: readonly VotingClaim[], maxGroupShare: number): Map<AgentId, number> {
  const groups = new Map<string, VotingClaim[]>();
  for (const claim of claims) groups.set(claim.group, [...(groups.get(claim.group) ?? []), claim]);
  const members = [...groups.values()];
  const sum = (of: (claim: VotingClaim) => number, group: readonly VotingClaim[]): number =>
    group.reduce((total, claim) => total + of(claim), 0);
  const groupShares = divide(
    1,
    members.map((group) => ({
      weight: sum(({ weight }) => weight, group),
      cap: Math.min(
        maxGroupShare,
        sum(({ cap }) => cap, group),
      ),
    })),
  );
  return new Map(
    members.flatMap((group, index) => {
      const shares = divide(groupShares[index] ?? 0, group);
      return group.map(({ agentId }, place): [AgentId, number] => [agentId, shares[place] ?? 0]);
    }),
  );
}
