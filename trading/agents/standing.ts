import { type AskInput, type AskOpening, askEveryMsOf } from '../../contracts/asking.ts';
import type { CycleTerms } from '../../contracts/cycle.ts';
import type { AgentId } from '../../domain/signals/agents.ts';
import { type AgentAnswer, withinBytes } from '../../domain/signals/signals.ts';
import { heard } from '../../domain/signals/standing.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { type TermsSources, termsOfCycle } from '../decide/terms.ts';

/** One that was asked so much of its interval ago is asked again: a schedule is a moment early at times, and whoever starts it by hand pays twice. */
const LEAST_SHARE = 0.75;

/** Of all of them together: one value of a cycle's history may have 2 MB. */
const MAX_BYTES = 500_000;

export interface StandingTools extends TermsSources {
  journal: TermsSources['journal'] & Pick<Journal, 'standing'>;
}

/** Whom to ask now, and what; or why nobody is to be asked, in words. What a cycle would not ask, or nobody would hear, is not asked here either. */
export async function openAsking(tools: StandingTools, { account, seat }: AskInput): Promise<AskOpening> {
  const { journal, configuration, now } = tools;
  const askEveryMs = askEveryMsOf(configuration.agents, seat);
  if (askEveryMs === undefined) {
    return { notAsked: `each cycle asks it, since agents.${seat}.askEverySeconds is not set` };
  }
  const startedAt = now();
  const [terms, known] = await Promise.all([
    termsOfCycle(tools, {}, { startedAt, expiresAt: undefined }),
    journal.standing.read(account),
  ]);
  if (terms.tradingState === 'halted') return { notAsked: 'trading is halted, and no cycle would hear the answer' };
  const agents = askedOn(terms, seat);
  if (agents.length === 0) {
    return { notAsked: `it is switched off; "./sapphire agents enable ${seat}" switches it on` };
  }
  const sinceMs = startedAt - Math.max(0, ...known.filter(isOneOf(agents)).map(({ askedAt }) => askedAt));
  if (sinceMs < LEAST_SHARE * askEveryMs) {
    return {
      notAsked: `it was asked ${Math.round(sinceMs / 1_000)} s ago, and is asked every ${askEveryMs / 1_000} s`,
    };
  }
  const { symbols, timeframe, candles, frames, past, bookLevels, horizonMs } = terms;
  const beside = { ...(timeframe ? { timeframe } : {}), ...(frames ? { frames } : {}), ...(past ? { past } : {}) };
  const shown = { symbols, candles, bookLevels, ...beside };
  return { account, ...shown, horizonMs, askEveryMs, agents };
}

type Asking = Exclude<AskOpening, { notAsked: string }>['agents'];

function askedOn({ agents, models = [] }: CycleTerms, seat: AskInput['seat']): Asking {
  const versions = models.filter((version) => version.seat === seat);
  return [
    ...(agents.includes(seat) ? [{ agentId: seat }] : []),
    ...versions.map(({ agentId, weights }) => ({ agentId, ...(weights ? { weights } : {}) })),
  ];
}

const isOneOf =
  (agents: readonly { agentId: AgentId }[]) =>
  ({ agentId }: { agentId: AgentId }): boolean =>
    agents.some((each) => each.agentId === agentId);

export interface StandingQuestion {
  account: string;
  standing: NonNullable<CycleTerms['standing']>;
  symbols: readonly string[];
  /** The exchange's time, against which the answers' ends are held. */
  at: number;
}

/** One answer of each, as it stands. */
export async function hearStanding(
  { standing: book }: Pick<Journal, 'standing'>,
  { account, standing, symbols, at }: StandingQuestion,
): Promise<AgentAnswer[]> {
  const known = await book.read(account);
  const answers = standing.map(({ agentId, askEveryMs }) => {
    const asked = known.find((each) => each.agentId === agentId);
    return heard({ agentId, asked, askEveryMs }, symbols, at);
  });
  return withinBytes(answers, MAX_BYTES);
}
