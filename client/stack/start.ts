import { join } from 'node:path';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import type { Role } from '../../contracts/roles.ts';
import { refuseBooksElsewhere } from '../../runtime/configuration/books.ts';
import { ENGINES_VARIABLE } from '../../runtime/configuration/engines.ts';
import { dataFolder } from '../../runtime/configuration/folders.ts';
import type { TemporalAccess } from '../../runtime/configuration/temporal.ts';
import { processName, rolesOf } from '../../runtime/roles.ts';
import { journalFile } from '../../stores/journal/open.ts';
import { bringUp } from './bring-up.ts';
import { stackAccess, usesOtherServer } from './connection.ts';
import { refuseCorruptDatabase } from './databases.ts';
import { heldSentence, sayLastWord } from './last-word.ts';
import { pinConfiguration } from './pinned-configuration.ts';
import { claimRun } from './run-record.ts';
import type { StackOptions } from './stack-options.ts';
import { listenForStop } from './stop-signal.ts';
import { interrupted } from './supervised-process.ts';
import { createSupervisor } from './supervisor.ts';
import { type Books, takeBooks } from './take-books.ts';

export interface Stack {
  /** What a person or a program can open, in the order of start. */
  readonly services: readonly { name: string; url: string }[];
  /** Who may reach what: on paper a warning for each place beyond loopback, with real money what protects Temporal. */
  readonly access: readonly string[];
  /** What runs now; a process that is being restarted is missing. */
  readonly processes: readonly { name: string; pid: number }[];
  readonly temporal: TemporalAccess;
  readonly books: Books;
  /** Of its workers. */
  readonly roles: readonly Role[];
  /** Aborted by Ctrl-C, SIGTERM, or the end of the npm that started us: call `stop` then. */
  readonly stopRequested: AbortSignal;
  /** Resolves, after everything was stopped, if a process that protects money could not be kept running, or another start has taken the books. */
  readonly failure: Promise<UserError>;
  /** Ends whoever looks at the others, so that it does not take their orderly end for a fault. */
  stopLooking: () => Promise<void>;
  /** Ends every process, the workers first; what was going on continues with the next start. */
  stop: () => Promise<void>;
}

/** Brings everything up, or ends what it started and rejects: with a UserError where the cause is known, `Interrupted` after Ctrl-C. */
export async function startStack(asked: StackOptions): Promise<Stack> {
  const stopSignal = listenForStop();
  // Of every process that is started from here on.
  process.umask(0o077);
  try {
    refuseBooksElsewhere();
    const claimed = await claimRun(dataFolder(), asked.onProgress);
    stopSignal.watch(claimed.launchers);
    const temporal = stackAccess(asked.profile);
    checkDatabases(asked);
    const books = await takeBooks(asked).catch((error: unknown) => {
      claimed.release();
      throw error;
    });
    const options = { ...asked, resumes: asked.resumes === true || books.isAtStake };
    const ending = new AbortController();
    let told = '';
    /** Who reads only how it ended is to know whether somebody was called. */
    const withLastWord = (error: UserError): UserError =>
      told === '' ? error : new UserError(error.code, `${error.message} ${told}`);
    const supervisor = createSupervisor({
      logFolder: join(dataFolder(), 'logs'),
      environment: claimed.environment,
      settings: {
        [ENGINES_VARIABLE]: options.engines.join(','),
        SAPPHIRE_CONFIG: pinConfiguration(),
        TEMPORAL_ADDRESS: temporal.address,
        TEMPORAL_NAMESPACE: temporal.namespace,
      },
      logger: options.logger,
      onChange: claimed.note,
      lastWord: async (error) => {
        // Whoever keeps it running starts it again at once, and pages nobody for it.
        if (error.exitCode === ExitCode.startAnew) return;
        const held = await heldSentence(books.positions);
        options.onProgress(`WARNING: Everything is stopped. ${held}`);
        const alertmanager = `http://127.0.0.1:${options.profile.observability.ports.alertmanager}`;
        told = await sayLastWord(error, held, supervisor.serves('alertmanager') ? alertmanager : undefined);
        options.onProgress(told);
      },
      onProgress: options.onProgress,
      onLeftOut: (message) => options.onProgress(`WARNING: ${message}`),
      resumes: options.resumes,
      limits: {
        maxRestarts: options.profile.supervision.maxRestarts,
        restartWindowMs: options.profile.supervision.windowSeconds * 1_000,
      },
      ...(options.onProcess ? { onProcess: options.onProcess } : {}),
    });
    let stopped: Promise<void> | undefined;
    const end = async (): Promise<void> => {
      ending.abort();
      await supervisor.stop();
      await books.close();
      claimed.release();
      stopSignal.release();
    };
    const stop = (): Promise<void> => {
      stopped ??= end();
      return stopped;
    };
    const lost = books.lost.then(async (error) => {
      await supervisor.stop();
      return error;
    });
    try {
      const { services, access } = await untilStopped(stopSignal.signal, [
        bringUp(options, supervisor, { temporal, books, signal: stopSignal.signal, ending: ending.signal }),
        Promise.race([books.lost, supervisor.failure]).then((error) => {
          throw withLastWord(error);
        }),
      ]);
      return {
        services,
        access,
        get processes() {
          return supervisor.processes();
        },
        temporal,
        books,
        roles: rolesOf(books.joins !== undefined),
        stopRequested: stopSignal.signal,
        failure: Promise.race([supervisor.failure, lost]).then(withLastWord),
        stopLooking: () => supervisor.end([processName('housekeeping')]),
        stop,
      };
    } catch (error) {
      await stop();
      throw error;
    }
  } catch (error) {
    stopSignal.release();
    throw error;
  }
}

/** While nobody writes to them. */
function checkDatabases({ configuration: { mode }, profile: { temporal }, join: joins }: StackOptions): void {
  refuseCorruptDatabase({ file: journalFile(), holds: 'the books', loss: 'the books and all orders in them' });
  if (mode === 'paper' && !joins) {
    const file = join(dataFolder(), 'paper-exchange.db');
    refuseCorruptDatabase({ file, holds: 'the paper exchange', loss: 'its accounts and its market' });
  }
  if (usesOtherServer()) return;
  const temporalFile = join(dataFolder(), temporal.database);
  refuseCorruptDatabase({ file: temporalFile, holds: 'Temporal', loss: 'the histories of its workflows' });
}

/** A stop leaves the work where it is: `stop` ends the processes that it waits for. */
async function untilStopped<T>(signal: AbortSignal, works: readonly Promise<T>[]): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(interrupted());
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([...works, promise]);
  } finally {
    for (const work of works) work.catch(() => {});
    signal.removeEventListener('abort', onAbort);
  }
}
