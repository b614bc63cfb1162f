/**
 * Books that were restored begin a life of their own: what was decided since the backup is unknown to them, and the exchange has seen ids that they
 * would give again. The epoch tells the life.
 */

/** More than one life can use: halts and resumes are counted. */
const EPOCHS_OF_A_LIFE = 1_000_000;

/** 0 of books that were never restored. */
export function lifeOf(epoch: number): number {
  return Math.floor(epoch / EPOCHS_OF_A_LIFE);
}

/** @param epoch the newest of every life before */
export function firstOfNextLife(epoch: number): number {
  return (lifeOf(epoch) + 1) * EPOCHS_OF_A_LIFE + 1;
}
