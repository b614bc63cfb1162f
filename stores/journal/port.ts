import type { RiskSettings } from '../../contracts/config/schema.ts';
import type { PolicySettings } from '../../contracts/participation.ts';
import type { ApiRequestBook } from './books/api-requests.ts';
import type { ArchiveBook } from './books/archive.ts';
import type { AuditBook } from './books/audit.ts';
import type { BindingBook } from './books/bindings.ts';
import type { ByHandBook } from './books/by-hand.ts';
import type { ControlBook } from './books/control.ts';
import type { CycleBook } from './books/cycles.ts';
import type { ExchangeBook } from './books/exchange.ts';
import type { GuestBook } from './books/guests.ts';
import type { IncidentBook } from './books/incidents.ts';
import type { IntentBook } from './books/intents.ts';
import type { LedgerBook } from './books/ledger.ts';
import type { ModelCallBook } from './books/model-calls.ts';
import type { ModelBook } from './books/models.ts';
import type { Outbox } from './books/outbox.ts';
import type { ParticipationBook } from './books/participation.ts';
import type { ScoreBook } from './books/scores.ts';
import type { SettingsBook } from './books/settings.ts';
import type { StackBook } from './books/stacks.ts';
import type { StandingBook } from './books/standing.ts';

/**
 * The books. Each method is one transaction, durable when its promise resolves; amounts are decimal text; times are UTC epoch milliseconds.
 * Methods that change something are idempotent under the key that their input carries.
 */
export interface Journal {
  /** Made with the journal, so that two processes can tell whether they keep the same books. */
  readonly id: string;
  readonly bindings: BindingBook;
  readonly control: ControlBook;
  /** The limits in force. */
  readonly risk: SettingsBook<RiskSettings>;
  readonly intents: IntentBook;
  readonly ledger: LedgerBook;
  readonly cycles: CycleBook;
  readonly byHand: ByHandBook;
  readonly exchange: ExchangeBook;
  readonly participation: ParticipationBook;
  /** How a consensus is formed. */
  readonly policy: SettingsBook<PolicySettings>;
  readonly guests: GuestBook;
  readonly standing: StandingBook;
  readonly scores: ScoreBook;
  readonly modelCalls: ModelCallBook;
  readonly models: ModelBook;
  readonly incidents: IncidentBook;
  readonly stacks: StackBook;
  readonly outbox: Outbox;
  readonly audit: AuditBook;
  readonly archive: ArchiveBook;
  /** Writes that were asked for over the API, each once. */
  readonly apiRequests: ApiRequestBook;
  /** Deletes raw answers of language models, and guests' signals, that are older. Returns how many. */
  deleteAnswers(before: number): Promise<number>;
  /** Lets a database that chooses by statistics know what its tables hold now. Once a day is often enough. */
  takeStatistics(): Promise<void>;
  /** Refuses with the reason when the file or server cannot be written. */
  check(): Promise<void>;
  close(): Promise<void>;
}
