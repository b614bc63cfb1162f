import { askEveryMsOf } from '../../contracts/asking.ts';
import type { AgentsConfiguration } from '../../contracts/config/agents.ts';
import { type AgentId, agentIds } from '../../domain/signals/agents.ts';
import type { AbstentionReason, Signal } from '../../domain/signals/signals.ts';
import type { AskedAgent, StandingAnswer } from '../../domain/signals/standing.ts';
import { clock } from './cycle-view.ts';

/** One that is asked by a schedule of its own. Times are UTC epoch milliseconds. */
export interface StandingView {
  agent: AgentId;
  askEverySeconds: number;
  /** Why nobody asks it as things stand, and so no cycle hears its answer. */
  notAsked?: string;
  askedAt?: number;
  /** Missing while the answer is under way. */
  endedAt?: number;
  formedAt?: number;
  standsUntilAt?: number;
  /** Which said it: it may be another one than the settings name by now. */
  model?: string;
  /** Of its answer, where that has no view at all. */
  abstains?: AbstentionReason;
  /** The question after the answer that stands still, where it failed. */
  failed?: { askedAt: number; reason: AbstentionReason };
}

/** One of each seat whose settings say how often it is asked. */
export function viewStanding(
  asked: readonly AskedAgent[],
  agents: AgentsConfiguration,
  { isHalted, participation }: { isHalted: boolean; participation: Readonly<Record<AgentId, { enabled: boolean }>> },
): StandingView[] {
  return agentIds.flatMap((agent) => {
    const askEveryMs = askEveryMsOf(agents, agent);
    if (askEveryMs === undefined) return [];
    const notAsked = isHalted ? 'trading is halted' : participation[agent]?.enabled ? undefined : 'it is switched off';
    const { askedAt, endedAt, standing } = asked.find(({ agentId }) => agentId === agent) ?? {};
    return {
      agent,
      askEverySeconds: askEveryMs / 1_000,
      ...(notAsked === undefined ? {} : { notAsked }),
      ...(askedAt === undefined ? {} : { askedAt }),
      ...(endedAt === undefined ? {} : { endedAt }),
      ...(standing ? viewAnswer(standing) : {}),
    };
  });
}

function viewAnswer({ answer, earlier, earlierBy, formedAt, standsUntilAt }: StandingAnswer): Partial<StandingView> {
  const [first] = answer.opinions;
  const isSilent = first?.kind === 'abstention' && answer.opinions.every(({ kind }) => kind === 'abstention');
  if (!isSilent) return { formedAt, standsUntilAt, model: answer.model };
  if (earlier.length === 0) return { formedAt, standsUntilAt, abstains: first.reason };
  return {
    formedAt: Math.max(...earlier.map((signal) => signal.formedAt ?? 0)),
    standsUntilAt: Math.max(...earlier.map(({ validUntilAt }) => validUntilAt)),
    ...(earlierBy ? { model: earlierBy.model } : {}),
    failed: { askedAt: formedAt, reason: first.reason },
  };
}

/** For a person. */
export function standingLine(
  {
    agent,
    askEverySeconds,
    notAsked,
    askedAt,
    endedAt,
    formedAt,
    standsUntilAt = 0,
    model,
    abstains,
    failed,
  }: StandingView,
  now: number,
): string {
  if (notAsked !== undefined) return `${agent} is not asked, else every ${askEverySeconds} s: ${notAsked}`;
  const every = `${agent} is asked every ${askEverySeconds} s`;
  if (askedAt === undefined) return `${every}, and was not asked yet`;
  const underWay = endedAt === undefined ? `one is under way since ${clock(askedAt)}` : undefined;
  if (formedAt === undefined) return `${every}: the first answer ${underWay ? underWay.slice(4) : 'is missing'}`;
  const by = model === undefined ? '' : ` by ${model}`;
  const last = `its answer of ${clock(formedAt)}${by}${abstains ? `, ${abstains},` : ''} ${
    standsUntilAt > now ? `is ${seconds(now - formedAt)} s old and stands until ${clock(standsUntilAt)}` : 'has ended'
  }`;
  const failure = failed && `the question of ${clock(failed.askedAt)} failed: ${failed.reason}`;
  return [`${every}: ${last}`, ...(failure ? [failure] : []), ...(underWay ? [`the next ${underWay}`] : [])].join(', ');
}

/** Nothing of a view that was formed on the market of this moment. */
export function ageWords({ formedAt }: Pick<Signal, 'formedAt'>, at: number | undefined): string {
  if (formedAt === undefined || at === undefined || at - formedAt < 1_000) return '';
  return `, formed ${seconds(at - formedAt)} s before`;
}

function seconds(ms: number): number {
  return Math.round(ms / 1_000);
}
