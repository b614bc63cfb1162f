import type { UserError } from '../../contracts/errors.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import { rotateLogs } from './log-rotation.ts';
import type { ProcessNews } from './process-incidents.ts';
import {
  defaultLimits,
  interrupted,
  type ProcessSpec,
  type SupervisedProcess,
  type SupervisionLimits,
  superviseProcess,
} from './supervised-process.ts';

const ROTATION_CHECK_MS = 10_000;

export interface Supervisor {
  /** Starts processes together and resolves with their addresses when all are ready. */
  start: (specs: readonly ProcessSpec[]) => Promise<(string | undefined)[]>;
  /** What runs now; a process that is being restarted is missing. */
  processes(): { name: string; pid: number }[];
  /** Stops those of these names for good; they may be started again. */
  end: (names: readonly string[]) => Promise<void>;
  /** Stops all, the last started first. Never rejects for a process that had to be killed. */
  stop: () => Promise<void>;
  /** Resolves, after everything was stopped, if a process that protects money could not be kept running. */
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
  limits?: Partial<SupervisionLimits>;
  /** The supervisor before this one was killed: nothing that protects no money keeps from starting what does. */
  resumes?: boolean;
}): Supervisor {
  const { logger } = options;
  const rotate = (): void => {
    try {
      rotateLogs(options.logFolder);
    } catch (error) {
      logger.warn({ error }, 'logs could not be rotated');
    }
  };
  rotate();
  const rotating = setInterval(rotate, ROTATION_CHECK_MS);
  const stages: SupervisedProcess[][] = [];
  const failed = Promise.withResolvers<UserError>();
  let stopped: Promise<void> | undefined;

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
    clearInterval(rotating);
    for (const stage of stages.toReversed()) await Promise.all(stage.map((supervised) => supervised.stop()));
  }

  const stop = (): Promise<void> => {
    stopped ??= stopAll();
    return stopped;
  };

  async function giveUp(error: UserError): Promise<void> {
    logger.error({ reason: error.message }, 'everything is stopped');
    await stop();
    failed.resolve(error);
  }

  return {
    start: async (specs) => {
      if (stopped) throw interrupted();
      const stage = specs.map((spec) =>
        superviseProcess(spec, {
          limits: { ...defaultLimits, ...options.limits },
          resumes: options.resumes === true,
          logFolder: options.logFolder,
          environment: { everywhere: options.environment, settings: options.settings ?? {} },
          onChange: noteChange,
          onCrash: (name, detail, answeredAt) => {
            logger.warn({ ended: name, reason: detail }, 'a process ended');
            const code = answeredAt === undefined ? 'process.ended' : 'process.hung';
            options.onProcess?.({ name, fault: { code, detail, since: answeredAt ?? Date.now() } });
          },
          onRestarted: (name) => options.onProcess?.({ name }),
          onGiveUp: (error) => void giveUp(error),
        }),
      );
      stages.push(stage);
      return await Promise.all(stage.map((supervised) => supervised.start()));
    },
    processes,
    end: async (names) => {
      const wanted = stages.flat().filter(({ name }) => names.includes(name));
      await Promise.all(wanted.map((supervised) => supervised.stop()));
    },
    stop,
    failure: failed.promise,
  };
}
