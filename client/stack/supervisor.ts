import type { UserError } from '../../contracts/errors.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import { sentenceOf } from '../controls/words.ts';
import { keepLogs } from './log-rotation.ts';
import type { ProcessNews } from './process-incidents.ts';
import type { ProcessSpec } from './process-spec.ts';
import {
  defaultLimits,
  interrupted,
  type SupervisedProcess,
  type SupervisionLimits,
  superviseProcess,
} from './supervised-process.ts';
import { within } from './within.ts';

export interface Supervisor {
  /** Starts processes together and resolves with their addresses when all are ready. */
  start: (specs: readonly ProcessSpec[]) => Promise<(string | undefined)[]>;
  /** What runs now; a process that is being restarted is missing. */
  processes(): { name: string; pid: number }[];
  /** Whether one of this name runs, and was ready. */
  serves(name: string): boolean;
  /** Stops those of these names for good; they may be started again. */
  end: (names: readonly string[]) => Promise<void>;
  /** Stops all, the last started first. Never rejects for a process that had to be killed. */
  stop: () => Promise<void>;
  /** Resolves, after everything was stopped or, what hung, killed, if a process that protects money could not be kept running. */
  readonly failure: Promise<UserError>;
}

export function createSupervisor(options: {
  logFolder: string;
  /** Every process gets these, those of others included. */
  environment: Record<string, string>;
  /** In place of what this process's own environment says: each process gets its share of it. */
  settings?: Record<string, string>;
  logger: Logger;
  onChange?: (processes: { name: string; pid: number }[]) => void;
  onProcess?: (news: ProcessNews) => void;
  /** How far a process is on the way to serving, in its own words. */
  onProgress?: (words: string) => void;
  /** Told in a sentence what did not come up at the start, and that the others start without it. */
  onLeftOut?: (message: string) => void;
  /** Called, and waited for for some seconds, before everything is stopped for that. */
  lastWord?: (error: UserError) => Promise<void>;
  limits?: Partial<SupervisionLimits>;
  /** The supervisor before this one was killed: not even what a first start needs keeps from starting what protects money. */
  resumes?: boolean;
}): Supervisor {
  const { logger } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const logs = keepLogs(options.logFolder, (error) => logger.warn({ err: error }, 'a log could not be rotated'));
  const stages: SupervisedProcess[][] = [];
  const failed = Promise.withResolvers<UserError>();
  let stopped: Promise<void> | undefined;
  let givenUp: UserError | undefined;

  const processes = (): { name: string; pid: number }[] =>
    stages.flat().flatMap(({ name, pid }) => {
      const running = pid();
      return running === undefined ? [] : [{ name, pid: running }];
    });

  /** What runs is noted for whoever looks from outside: a full disk must not end the one that keeps everything running. */
  const noteChange = (): void => {
    try {
      options.onChange?.(processes());
    } catch (error) {
      logger.warn({ err: error }, 'what runs could not be noted');
    }
  };

  async function stopAll(): Promise<void> {
    for (const stage of stages.toReversed()) await Promise.all(stage.map((supervised) => supervised.stop()));
    logs.stop();
  }

  const stop = (): Promise<void> => {
    stopped ??= stopAll();
    return stopped;
  };

  async function giveUp(failure: UserError): Promise<void> {
    if (givenUp || stopped) return;
    givenUp = failure;
    logger.error({ reason: failure.message }, 'everything is stopped');
    await within(limits.lastWordMs, options.lastWord?.(failure)).catch(() => {});
    await within(limits.endAllMs, stop());
    for (const supervised of stages.flat()) supervised.kill();
    failed.resolve(failure);
  }

  return {
    start: async (specs) => {
      if (stopped) throw givenUp ?? interrupted();
      const stage = specs.map((spec) =>
        superviseProcess(spec, {
          limits,
          resumes: options.resumes === true,
          logFolder: options.logFolder,
          environment: { everywhere: options.environment, settings: options.settings ?? {} },
          onChange: noteChange,
          onUnlogged: (name, error) =>
            logger.warn({ err: error, process: name }, 'a log cannot be opened: its process runs without one'),
          onCrash: (name, detail, answeredAt) => {
            logger.warn({ ended: name, reason: detail }, 'a process ended');
            const code = answeredAt === undefined ? 'process.ended' : 'process.hung';
            options.onProcess?.({ name, fault: { code, detail, since: answeredAt ?? Date.now() } });
          },
          onProgress: (words) => options.onProgress?.(words),
          onLeftOut: (error) => {
            const message = `${sentenceOf(error)} The others start without it; it is tried again and again.`;
            logger.warn(message);
            options.onLeftOut?.(message);
          },
          onRestarted: (name) => options.onProcess?.({ name }),
          onGiveUp: (error) => void giveUp(error),
        }),
      );
      stages.push(stage);
      return await Promise.all(stage.map((supervised) => supervised.start())).catch((error: unknown) => {
        throw givenUp ?? error;
      });
    },
    processes,
    serves: (name) => stages.flat().some((supervised) => supervised.name === name && supervised.serves()),
    end: async (names) => {
      const wanted = stages.flat().filter(({ name }) => names.includes(name));
      await Promise.all(wanted.map((supervised) => supervised.stop()));
    },
    stop,
    failure: failed.promise,
  };
}
