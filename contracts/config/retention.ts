import { z } from 'zod';

const days = z.int().min(1).max(36_500);
/** `null` keeps it for ever. */
const daysOrEver = days.nullable();

/** How long each class of data is kept. What is deleted was exported before, except where there is no warehouse table for it. */
export const retentionSchema = z.strictObject({
  /** Candles and books. */
  marketDays: daysOrEver.default(90),
  /** Signals, their outcomes, scores, requests to language models. */
  signalsDays: daysOrEver.default(400),
  /** Decisions, consensus, risk, orders, fills, portfolio. */
  tradingDays: daysOrEver.default(null),
  /** Incidents and the audit log's copy. The audit trail itself is never deleted. */
  auditDays: daysOrEver.default(null),
  /** Events as they were told, of which the other tables were made. */
  archiveDays: daysOrEver.default(90),
  /** Exported events in the journal's outbox and in the market buffer. */
  outboxDays: days.default(7),
  /**
   * Decision records in the journal, each with its consensus, plan and signals: older ones move to the warehouse, which keeps them for `tradingDays`. The
   * newest thousand stay.
   */
  decisionDays: daysOrEver.default(30),
  /** Raw answers of language models, and what guests submitted, in the journal. */
  answersDays: days.default(90),
  /** Backups that the schedule made. */
  backupDays: days.default(14),
});

export type Retention = z.output<typeof retentionSchema>;
