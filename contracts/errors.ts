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

/** Every fault that a person is told of, under the exit code that it ends a command with: the only place where that is decided. */
const faults = {
  failure: [
    'BundleFailed',
    'CannotListen',
    'CycleFailed',
    'PortInUse',
    'ProcessFailed',
    'ProcessNotReady',
    'ProgramUnavailable',
    'SnapshotMissing',
    'TemporalUnavailable',
    'TrainingFailed',
    'WheelForged',
  ],
  // What was typed is wrong in itself, or names what is not there.
  usage: [
    'AgentUnknown',
    'CycleUnknown',
    'EpochMissing',
    'HashMissing',
    'InvalidInput',
    'NoBackupNamed',
    'NoPage',
    'NoSuchBackup',
    'NoSuchCorrelation',
    'NoSuchIncident',
    'NoSuchModel',
    'NoSuchReport',
    'NotConfirmed',
    'NotListed',
    'NotTrained',
    'NothingToBackUp',
    'NothingToChange',
    'PassForm',
    'PayloadKeysInEnvironment',
    'PolicyChangeInvalid',
    'ReconcileForm',
    'RiskChangeInvalid',
    'SettingsInvalid',
    'StopForm',
    'SymbolUnknown',
    'TooLong',
    'TransferValue',
    'Usage',
  ],
  notConfigured: [
    'AlertReceiver',
    'BackupKeyUnusable',
    'ConfigurationInvalid',
    'ConfigurationMissing',
    'ConfigurationUnreadable',
    'EngineNotInstalled',
    'ExchangeKeysMissing',
    'FileUnreadable',
    'FolderUnusable',
    'JoinNeedsTemporal',
    'JournalAddressMissing',
    'LivePaperSettings',
    'NoBooks',
    'NoCloudWarehouse',
    'NoKey',
    'NoPolicy',
    'MirrorSymbol',
    'MirrorTooSlow',
    'NoRiskLimits',
    'NothingToSimulate',
    'PayloadKeysMissing',
    'PayloadsReadable',
    'PerpetualsUnknown',
    'PortWantedTwice',
    'ScheduleMissing',
    'SecretUnreadable',
    'SecretsMissing',
    'SettingEmpty',
    'SettingInvalid',
    'StrategyUnusable',
    'SymbolUnlisted',
    'TemporalNamespaceMissing',
    'TemporalSearchAttributesMissing',
    'VenueUnprovable',
    'WorkerUnversioned',
  ],
  notAllowed: [
    'EngineOnPaperOnly',
    'FolderOpen',
    'ListensBeyondLoopback',
    'LiveKeysMayNotTrade',
    'LiveKeysMayWithdraw',
    'TemporalOpen',
  ],
  refused: [
    'AlreadyRunning',
    'BackupNotSealed',
    'BackupOfAnotherKind',
    'BooksMissing',
    'BooksTaken',
    'BudgetTooSmall',
    'BuildDiffers',
    'CloudColumnDiffers',
    'CloudDatasetOfAnotherMode',
    'ConfigurationDiffers',
    'CoordinatorRefused',
    'CycleOver',
    'DataFolderUnclear',
    'DatabaseInUse',
    'EngineElsewhere',
    'FolderInUse',
    'ExitPrice',
    'ForeignBooks',
    'HeldElsewhere',
    'JoinNeedsPostgres',
    'KeysRefused',
    'LiveNotConfirmed',
    'LiveNotReconciled',
    'LookChanged',
    'MarketChanged',
    'MoreGone',
    'NameTaken',
    'NoFolder',
    'NotBound',
    'NotFree',
    'NotHalted',
    'NotHeld',
    'NotLiveMode',
    'NothingToCompare',
    'NothingToGoBackTo',
    'NothingToJoin',
    'NothingToReplay',
    'OrderOpen',
    'OtherAccount',
    'OtherBooks',
    'OtherInstallation',
    'OtherMode',
    'OtherNamespace',
    'PaperAccountRefused',
    'PaperAdminElsewhere',
    'PaperTransferOpen',
    'ReferenceTaken',
    'Refused',
    'RestoreUnfinished',
    'ResumeRefused',
    'StaleEpoch',
    'StillMoving',
    'StillOwed',
    'StillReserved',
    'StillRunning',
    'SymbolTraded',
    'TradingHalted',
    'TransferUnpriced',
    'TransferUntraded',
    'WarehouseElsewhere',
    'WeightsDiffer',
  ],
  unhealthy: [
    'AccountUnidentified',
    'AccountUnread',
    'BackupUnusable',
    'CloudFailed',
    'CloudForbidden',
    'CloudLoadFailed',
    'CloudNotAuthorised',
    'CloudNotFound',
    'CloudQuota',
    'CloudRowsDiffer',
    'ControlSilent',
    'CoordinatorUnavailable',
    'CycleNotInWarehouse',
    'DatabaseCorrupt',
    'DatabaseTooNew',
    'DatabaseUnreadable',
    'ExchangeUnreachable',
    'JournalBusy',
    'JournalOfAnotherMachine',
    'JournalTooNew',
    'JournalUnusable',
    'LiveKeysUnchecked',
    'MarketBufferOfOtherBooks',
    'MirrorAway',
    'NoRoom',
    'OtherJournal',
    'PaperExchangeUnreachable',
    'PostgresToolFailed',
    'SettingsUnreadable',
    'TemporalUnreachable',
    'WarehouseAhead',
    'WarehouseBehind',
    'WarehouseOfOtherBooks',
    'WarehouseUnreadable',
  ],
  startAnew: ['BuildGone', 'StartAnew'],
  interrupted: ['Interrupted'],
} as const satisfies Partial<Record<keyof typeof ExitCode, readonly string[]>>;

export type ErrorCode = (typeof faults)[keyof typeof faults][number];

const exitCodes = new Map<string, number>(
  Object.entries(faults).flatMap(([exit, codes]) =>
    codes.map((code) => [code, ExitCode[exit as keyof typeof faults]] as const),
  ),
);

export const errorCodes = Object.values(faults).flat() as readonly ErrorCode[];

export function exitCodeOf(code: ErrorCode): number {
  return exitCodes.get(code) ?? ExitCode.failure;
}

/** Whether it is one of ours: errors that crossed a process boundary carry theirs as text. */
export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && exitCodes.has(text);
}

/** What went wrong and what to do about it, in one sentence each: printed as it is, without a stack. */
export class UserError extends Error {
  override name = 'UserError';
  readonly code: ErrorCode;
  readonly exitCode: number;
  /** What to do about it, where that is a sentence of its own. */
  readonly remedy: string | undefined;
  constructor(code: ErrorCode, message: string, remedy?: string) {
    super(remedy === undefined ? message : `${message} ${remedy}`);
    this.code = code;
    this.exitCode = exitCodeOf(code);
    this.remedy = remedy;
  }
}

/** The same in several short lines, each printed as one whatever stands in it; the message is all of them. */
export class UserErrorInLines extends UserError {
  readonly lines: readonly string[];
  constructor(code: ErrorCode, lines: readonly string[]) {
    super(code, lines.join('\n'));
    this.lines = lines;
  }
}
