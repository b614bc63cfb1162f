/** What must never break, as the design numbers it. */
export const invariants = {
  I1: 'an intent reaches the exchange at most once, and it is known whether it did',
  I2: 'at rest the books equal the exchange to the last unit, and every open order has an owner',
  I3: 'nothing is spent or sold that was not reserved, and reservations never exceed what is free',
  I4: 'no opening intent passes a fenced stop, and none is open once it is quiet',
  I5: 'no agent’s answer makes an order larger than the limit of one order',
  I6: 'what was degraded says so, and paper is never shown as live',
  I7: 'every history replays',
  I8: 'every fact is in the outbox once, and once in the warehouse',
  I9: 'what is held has its protective exits',
  I10: 'a stop is fenced within 2 s and quiet within 15 s while everything answers, else as soon as it does, and only who saw it undoes it',
} as const;

export type Invariant = keyof typeof invariants;

export interface Violation {
  invariant: Invariant;
  what: string;
}

export function violation(invariant: Invariant, what: string): Violation {
  return { invariant, what };
}
