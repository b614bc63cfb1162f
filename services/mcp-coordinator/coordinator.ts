import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { via } from '../../contracts/audit.ts';
import type { Consensus, ConsensusRequest } from '../../contracts/consensus.ts';
import type { CycleRecord } from '../../contracts/cycle.ts';
import { ErrorName, UserError } from '../../contracts/errors.ts';
import type { invitationSchema, SignalReceipt, SignalSubmission } from '../../contracts/guests.ts';
import type {
  AgentSettings,
  Participation,
  ParticipationChange,
  ParticipationRequest,
  PolicyChange,
  PolicyRequest,
} from '../../contracts/participation.ts';
import type { AgentScoreRecord } from '../../contracts/scores.ts';
import { ballotOf } from '../../domain/consensus/ballots.ts';
import type { ParticipationPolicy } from '../../domain/consensus/participation.ts';
import { type CycleId } from '../../domain/orders/ids.ts';
import { type AgentId, inOrder } from '../../domain/signals/agents.ts';
import type { Signal } from '../../domain/signals/signals.ts';
import { FLAT_BAND } from '../../domain/statistics/statistics.ts';
import type { Journal } from '../../stores/journal/port.ts';
import { consensusOfCycle, type PolicyBooks, policyInForce } from '../../trading/decide/consensus.ts';
import { tokenHash } from './authentication.ts';
import type { SnapshotSource } from './serve-snapshot.ts';
import { arrivedAt, newestMarket, signalsToStand } from './submitted.ts';

export type CoordinatorJournal = PolicyBooks & Pick<Journal, 'archive' | 'cycles' | 'guests' | 'check'>;

export interface CoordinatorScope {
  account: string;
  symbols: readonly string[];
  horizonMs: number;
  /** Each agent is taken at its word. */
  demo: boolean;
  /** The market buffer: what a guest says is bounded by what was seen. */
  snapshots: Pick<SnapshotSource, 'newest'>;
}

export interface InvitationRequest extends AgentSettings {
  requestId: string;
  agentId: AgentId;
  by: string;
  reason: string;
}

/** Every method that changes something is repeat-safe by its request id, and takes effect at the next consensus that is formed. */
export interface Coordinator {
  /** Repeat-safe by cycle id: whatever a repeated or concurrent call brings, the consensus that was journalled first is the answer. */
  formConsensus(request: ConsensusRequest): Promise<Consensus>;
  readConsensus(cycleId: CycleId): Promise<Consensus>;
  listParticipation(): Promise<Participation>;
  setParticipation(request: ParticipationRequest): Promise<ParticipationChange>;
  setPolicy(request: PolicyRequest): Promise<PolicyChange>;
  invite(request: InvitationRequest): Promise<z.output<typeof invitationSchema>>;
  /** A rule's file of somebody's own, as it lies on the machines that run agents. */
  addFile(request: InvitationRequest & { sha256: string }): Promise<ParticipationChange>;
  revoke(request: { requestId: string; agentId: AgentId; by: string; reason: string }): Promise<ParticipationChange>;
  submitSignal(agentId: AgentId, submission: SignalSubmission): Promise<SignalReceipt>;
  listScores(): Promise<{ agents: AgentScoreRecord[] }>;
  explainDecision(cycleId: CycleId): Promise<CycleRecord>;
}

/** Who changes something here brings the coordinator's own token: an agent's does not do. */
const operator = via.token('operator');

/** What the coordinator does, without the protocol that it is spoken to in. A refusal is a UserError of code CoordinatorRefused. */
export function createCoordinator(
  journal: CoordinatorJournal,
  { account, symbols, horizonMs, demo, snapshots }: CoordinatorScope,
  now = Date.now,
): Coordinator {
  return {
    formConsensus: (request) =>
      consensusOfCycle(journal, { account, demo }, request, { formedBy: 'coordinator', formedAt: now() }),

    async readConsensus(cycleId) {
      const consensus = await journal.cycles.findConsensus(cycleId);
      if (consensus) return consensus;
      throw refusal(
        (await journal.archive.moved(cycleId))
          ? movedAway('consensus', cycleId)
          : `No consensus was formed for the cycle ${cycleId}.`,
      );
    },

    async listParticipation() {
      const [{ version, agents }, { settings: policy }] = await Promise.all([
        policyInForce(journal, { account, demo }),
        journal.policy.read(account),
      ]);
      const listed = inOrder(Object.keys(agents)).flatMap((agentId) => {
        const participant = agents[agentId];
        return participant ? [{ agentId, ...participant }] : [];
      });
      const question = { symbols: [...symbols], horizonMs, flatBandBps: FLAT_BAND * 10_000 };
      return { version, agents: listed, policy, question };
    },

    async setParticipation({ requestId, agentId, by, reason, ...settings }) {
      const change = await journal.participation.change({ requestId, agentId, settings, by, reason, via: operator });
      if (change.agentId !== agentId || !holds(change.after, settings)) throw taken(requestId);
      return change;
    },

    async setPolicy({ requestId, settings, by, reason }) {
      const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
      const change = await journal.policy.change({ requestId, account, settings: given, by, reason, via: operator });
      if (!holds(change.after, given)) throw taken(requestId);
      return change;
    },

    async invite({ requestId, agentId, by, reason, ...settings }) {
      const token = randomBytes(24).toString('hex');
      const change = await journal.guests.invite({
        requestId,
        agentId,
        tokenHash: tokenHash(token),
        settings: { ...settings, enabled: true },
        by,
        reason,
        via: operator,
      });
      // The first call's token was shown by the first call: a repeated one can't show it again.
      if ((await journal.guests.byToken(tokenHash(token))) === undefined) throw taken(requestId);
      return { token, change };
    },

    async addFile({ requestId, agentId, sha256, by, reason, ...settings }) {
      const given = { ...settings, enabled: true };
      const change = await journal.guests.addFile({
        requestId,
        agentId,
        sha256,
        settings: given,
        by,
        reason,
        via: operator,
      });
      if (change.agentId !== agentId || !holds(change.after, given)) throw taken(requestId);
      return change;
    },

    revoke: (request) => journal.guests.revoke({ ...request, via: operator }),

    async submitSignal(agentId, { requestId, cycleId, model, version, signals }) {
      const unknown = signals.find(({ symbol }) => !symbols.includes(symbol));
      if (unknown) throw refusal(`${unknown.symbol} is not traded here: ${symbols.join(', ')} are.`);
      const policy = await policyInForce(journal, { account, demo });
      const { settings } = await journal.policy.read(account);
      const market = await newestMarket(snapshots);
      const formedAt = arrivedAt(market, now());
      const said = signals.map(({ validUntilAt, ...view }): Signal => {
        return { kind: 'signal', agentId, ...view, formedAt, validUntilAt: validUntilAt ?? formedAt + view.horizonMs };
      });
      const received: SignalReceipt['received'] = [];
      for (const signal of signalsToStand(market, said)) {
        const submitted = await journal.guests.submit(requestId, {
          signal,
          model,
          version,
          ...(cycleId === undefined ? {} : { cycleId }),
        });
        const { receivedAt, lateFor, signal: stands } = submitted;
        const asked = { takenAt: receivedAt, horizonMs };
        const note = lateFor === undefined ? whyNot(stands, asked, policy) : `late: ${lateFor} had decided`;
        const standsUntilAt = Math.min(stands.validUntilAt, receivedAt + settings.maxSignalAgeSeconds * 1_000);
        const { probabilities, expectedReturn, uncertainty, rebuilt } = stands;
        const takenAs = rebuilt && { by: rebuilt.by, probabilities, expectedReturn, uncertainty };
        received.push({
          symbol: signal.symbol,
          receivedAt,
          standsUntilAt,
          counts: note === '',
          note,
          ...(takenAs ? { takenAs } : {}),
        });
      }
      return { agentId, received };
    },

    async listScores() {
      return { agents: await journal.scores.read(account) };
    },

    async explainDecision(cycleId) {
      const record = await journal.cycles.find(cycleId);
      if (record) return record;
      throw refusal(
        (await journal.archive.moved(cycleId))
          ? movedAway('decision record', cycleId)
          : `There is no decision record of the cycle ${cycleId}; it is written when a cycle ends.`,
      );
    },
  };
}

/** Why a signal would not count in a consensus that were formed now, by the rule that this keeps to; empty when it would. */
function whyNot(signal: Signal, asked: { takenAt: number; horizonMs: number }, policy: ParticipationPolicy): string {
  const { agentId, symbol } = signal;
  if (policy.agents[agentId]?.role === 'guard') return 'guard: does not vote, and may forbid to buy';
  const answer = { agentId, opinions: [signal], model: '', version: '', latencyMs: 0, tokens: 0, costUsd: '0' };
  const { counted, note } = ballotOf(agentId, symbol, { answers: [answer], ...asked, version: 2 }, policy);
  return counted ? '' : note;
}

/** The warehouse is where housekeeping runs, and not asked from here. */
function movedAway(what: string, cycleId: CycleId): string {
  return `The ${what} of the cycle ${cycleId} is old and moved to the warehouse: "./sapphire cycle show ${cycleId}" reads it there.`;
}

function holds(after: object, settings: object): boolean {
  const kept = new Map<string, unknown>(Object.entries(after));
  return Object.entries(settings).every(
    ([key, value]) => value === undefined || JSON.stringify(kept.get(key)) === JSON.stringify(value),
  );
}

function taken(requestId: string): UserError {
  return refusal(`The request id ${requestId} stands for another change already; use a new one.`);
}

function refusal(message: string): UserError {
  return new UserError(ErrorName.coordinatorRefused, message);
}
