/** Names of the errors that cross a process boundary. Each is an ApplicationFailure type or the `code` of a UserError. */
export const ErrorName = {
  staleEpoch: 'StaleEpoch',
  invalidInput: 'InvalidInput',
  unreadable: 'Unreadable',
  refused: 'Refused',
  foreign: 'Foreign',
  coordinatorRefused: 'CoordinatorRefused',
  invariantBroken: 'InvariantBroken',
  snapshotMissing: 'SnapshotMissing',
  /** Of a worker without the books: the queue `books` is served by one that has them. */
  booksElsewhere: 'BooksElsewhere',
} as const;
export type ErrorName = (typeof ErrorName)[keyof typeof ErrorName];

/** What went wrong and what to do about it, in one sentence each: printed as it is, without a stack. */
export class UserError extends Error {
  override name = 'UserError';
  readonly code: string;
  readonly exitCode: number;
  constructor(code: string, message: string, exitCode = 1) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** Exit codes of the command line. */
export const ExitCode = {
  ok: 0,
  failure: 1,
  usage: 2,
  notConfigured: 3,
  notAllowed: 4,
  refused: 5,
  unhealthy: 6,
  /** Nothing but a new start of the whole mends it; whoever keeps it running makes one at once. */
  startAnew: 75,
  interrupted: 130,
} as const;
