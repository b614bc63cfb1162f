import type { AbstentionReason } from '../../../domain/signals/signals.ts';
import type { RequestFields } from './dialects.ts';

export interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** What is asked of a model: the messages, and all that goes beside them. */
export interface Question {
  messages: readonly Message[];
  fields: RequestFields;
  /** The most tokens that come back, thinking included. */
  mostOutput: number;
}

export interface TokenUse {
  cachedInput: number;
  input: number;
  /** Thinking included. */
  output: number;
}

export interface Completion {
  content: string;
  finishReason: string;
  /** The model that says it answered, which may be another than the one asked. */
  model: string;
  use: TokenUse;
}

/** An outcome that no retry mends in time: the agent abstains with it. The message is for a person and carries no secret. */
export class CompletionRefused extends Error {
  override name = 'CompletionRefused';
  readonly reason: AbstentionReason;
  /** Nothing was sent, or it was refused before any work was done. */
  readonly unbilled: boolean;
  constructor(reason: AbstentionReason, message: string, unbilled = false) {
    super(message);
    this.reason = reason;
    this.unbilled = unbilled;
  }
}

export type Complete = (
  model: string,
  question: Question,
  signal: AbortSignal,
  deadline: AbortSignal,
) => Promise<Completion>;
