import type { AbstentionReason } from '../../../domain/signals/signals.ts';

/** Why there is no answer, in words for whoever wrote the rule. */
export class RuleFault extends Error {
  override name = 'RuleFault';
  readonly reason: AbstentionReason;
  constructor(reason: AbstentionReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
