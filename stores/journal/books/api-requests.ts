import type { Via } from '../../../contracts/audit.ts';

/** A write that somebody asked for over the API. */
export interface ApiRequest {
  person: string;
  /** The person's own: another person's same key is another request. */
  key: string;
  /** Of what is asked. */
  digest: string;
  /** For the audit trail. */
  asked: { route: string; body: unknown; reason: string; via: Via };
}

/** `taken`: it is to be carried out, by its request id, which is the same where it was taken before and nobody knows how it ended. */
export type TakenRequest =
  | { state: 'taken'; requestId: string; at: number; isAgain: boolean }
  | { state: 'answered'; status: number; answer: string }
  /** The key was used for something else. */
  | { state: 'other' };

export interface ApiRequestBook {
  /** The first time an entry of the audit trail says who asked for what. Keys are kept for a week. */
  take(request: ApiRequest): Promise<TakenRequest>;
  /** Idempotent: the first answer stays. */
  answer(request: Pick<ApiRequest, 'person' | 'key'>, answered: { status: number; answer: string }): Promise<void>;
}
