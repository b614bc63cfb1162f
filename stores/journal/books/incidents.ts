import type { Assessment, Incident, Look } from '../../../domain/health/health.ts';
import type { RecoveryAction } from '../../../domain/health/health-conditions.ts';

/** Payload of `recovery.ended`: one action, from its start to its end. */
export interface RecoveryEnded {
  incidentId: string;
  component: string;
  severity: Incident['severity'];
  action: RecoveryAction;
  startedAt: number;
  endedAt: number;
  outcome: 'done' | 'failed';
  detail: string;
}

/** What went wrong, what was done about it, and how it ended. Each change is an event. */
export interface IncidentBook {
  /** Holds one look against the open incidents, and writes what follows, in one transaction. `previousAt` is kept by the book. */
  look(look: Omit<Look, 'previousAt'>): Promise<Assessment>;
  /** Writes how a recovery ended; idempotent by incident and action while that one is under way. */
  endRecovery(end: {
    incidentId: string;
    action: RecoveryAction;
    outcome: 'done' | 'failed';
    detail: string;
  }): Promise<void>;
  /** A person has seen it. Undefined where there is no such incident. */
  acknowledge(request: { incidentId: string; by: string }): Promise<Incident | undefined>;
  /** Newest first. */
  list(filter: { since?: number; limit: number }): Promise<Incident[]>;
  find(incidentId: string): Promise<Incident | undefined>;
  /** When `by` last looked; undefined before the first look, and after a rest. */
  lookedAt(by: Look['by']): Promise<number | undefined>;
  /** `by` ends as it should: until its next look nothing was to be seen by it, and what that finds did not begin meanwhile. */
  rest(by: Look['by']): Promise<void>;
}
