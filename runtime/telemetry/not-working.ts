/** Thrown by a check of what does no work any more. */
export class NotWorking extends Error {
  /** When it worked last, UTC epoch milliseconds. */
  readonly since: number;

  constructor(message: string, since: number) {
    super(message);
    this.name = 'NotWorking';
    this.since = since;
  }
}
