import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode, UserError } from '../../contracts/errors.ts';
import { sentenceOf } from '../controls/words.ts';
import { LAST_WORD_MS } from './last-word.ts';
import { atOwnPort } from './own-port.ts';
import { sendSignal } from './process-identity.ts';
import { lastWords, logSize, processLogFile } from './process-log.ts';
import type { ProcessSpec } from './process-spec.ts';
import { readyLine } from './ready-line.ts';
import { type RestartLimits, restartPolicy } from './restart-policy.ts';
import { type Environment, spawnLogged } from './spawn-logged.ts';
import { works } from './works.ts';

export interface SupervisionLimits extends RestartLimits {
  /** Without a word of progress. */
  readyTimeoutMs: number;
  /** From SIGTERM to SIGKILL; longer than a process's own bound for an orderly end. */
  stopTimeoutMs: number;
  /** Between two questions whether a process works, and how long one of them may take. */
  watchEveryMs: number;
  watchTimeoutMs: number;
  /** So many of twice as many questions without a good answer, and the process is ended: one that works now and then does not work. */
  watchFailures: number;
  /** Of the last word, before all is stopped since one that protects money cannot be kept running. */
  lastWordMs: number;
  /** Of the orderly end of all after it: what has not ended by then is killed. */
  endAllMs: number;
}

export const defaultLimits: SupervisionLimits = {
  readyTimeoutMs: 120_000,
  stopTimeoutMs: 10_000,
  maxRestarts: 40,
  restartWindowMs: 600_000,
  firstBackoffMs: 200,
  longestBackoffMs: 10_000,
  longestPauseMs: 300_000,
  watchEveryMs: 5_000,
  watchTimeoutMs: 3_000,
  watchFailures: 3,
  lastWordMs: LAST_WORD_MS,
  endAllMs: 15_000,
};

export interface SupervisedProcess {
  name: string;
  /** Undefined while it is down. */
  pid: () => number | undefined;
  /** It runs, and was ready. */
  serves: () => boolean;
  /** Resolves with the address when the process is ready for the first time. One that ends before is tried again where the others can do without it, or what it needs is away; else it rejects. */
  start: () => Promise<string | undefined>;
  stop: () => Promise<void>;
  /** At once, with its group. */
  kill: () => void;
}

interface Hooks {
  limits: SupervisionLimits;
  /** The start goes on with what was running: what was needed at the first one is not. */
  resumes: boolean;
  logFolder: string;
  environment: Environment;
  onChange: () => void;
  /** Its log cannot be opened, once until it can be again. */
  onUnlogged: (name: string, error: unknown) => void;
  /** `answeredAt`: when one that hung and was ended for it worked last. */
  onCrash: (name: string, reason: string, answeredAt: number | undefined) => void;
  /** How far it is until it is ready, in its own words. */
  onProgress: (words: string) => void;
  /** It did not come up at the start, which goes on without it. */
  onLeftOut: (error: unknown) => void;
  /** It serves again after a crash. */
  onRestarted: (name: string) => void;
  /** It protects money and cannot be kept running, or nothing but a new start of the whole mends it. */
  onGiveUp: (error: UserError) => void;
}

/** One process that is kept running from its first readiness until it is stopped. */
export function superviseProcess(spec: ProcessSpec, hooks: Hooks): SupervisedProcess {
  const { limits } = hooks;
  const logFile = processLogFile(hooks.logFolder, spec.name);
  const stopping = new AbortController();
  let child: ChildProcess | undefined;
  let serving: ChildProcess | undefined;
  let ended: Promise<End> = Promise.resolve({ reason: '' });
  let keptRunning: Promise<void> = Promise.resolve();
  let hung: { since: number; words: string | undefined } | undefined;
  let startedAt = 0;
  let isUnlogged = false;
  let isLate = false;

  /** Starts the process once and waits until it is ready. */
  async function launch(): Promise<string | undefined> {
    if (stopping.signal.aborted) throw interrupted();
    startedAt = Date.now();
    const offset = logSize(logFile);
    const started = begin();
    child = started;
    isLate = false;
    ended = endOf(started).then(({ reason, code }) => {
      if (child === started) child = undefined;
      // What a script has started and left behind would hold the port against the next one.
      killGroup(started);
      hooks.onChange();
      // What is killed so has no time for a last word.
      if (reason === 'SIGKILL') return { reason: isLate ? `${notReady()} and was ended` : 'killed (SIGKILL)' };
      return { reason: `${reason}: ${lastWords(logFile, offset)}`, code };
    });
    hooks.onChange();
    const url = await readiness(started);
    serving = started;
    if (spec.watched) void watch(started, url);
    return url;
  }

  /** A process that cannot be started has its end at once, with a reason of its own. */
  function begin(): ChildProcess {
    try {
      return spawnLogged(spec, logFile, hooks.environment, (fault) => {
        if (fault !== undefined && !isUnlogged) hooks.onUnlogged(spec.name, fault);
        isUnlogged = fault !== undefined;
      });
    } catch (error) {
      ended = Promise.resolve({ reason: `it could not be started: ${sentenceOf(error)}` });
      throw error;
    }
  }

  const notReady = (): string => `it was not ready after ${limits.readyTimeoutMs / 1000} s`;

  /** As long as this child is the one that runs. */
  async function watch(started: ChildProcess, url: string | undefined): Promise<void> {
    const { watchFailures } = limits;
    let failedAt: number[] = [];
    let words: string | undefined;
    let workedAt = Date.now();
    for (let question = 1; failedAt.length < watchFailures; question += 1) {
      await sleep(limits.watchEveryMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
      if (child !== started || stopping.signal.aborted) return;
      const askedAt = Date.now();
      const answer = await works(atOwnPort(spec, started), url, spec.answersWithinMs ?? limits.watchTimeoutMs);
      failedAt = failedAt.filter((earlier) => earlier > question - 2 * watchFailures);
      if (answer.isWell) {
        if (failedAt.length === 0) workedAt = askedAt;
        continue;
      }
      failedAt.push(question);
      words = answer.words ?? words;
      workedAt = Math.min(workedAt, answer.since ?? workedAt);
    }
    if (child !== started || stopping.signal.aborted) return;
    hung = { since: workedAt, words };
    killGroup(started);
  }

  async function readiness(started: ChildProcess): Promise<string | undefined> {
    const settled = new AbortController();
    const { signal } = settled;
    let heardAt = performance.now();
    const onProgress = (words: string): void => {
      heardAt = performance.now();
      hooks.onProgress(words);
    };
    const silence = async (): Promise<void> => {
      for (let leftMs = limits.readyTimeoutMs; leftMs > 0; leftMs = heardAt + limits.readyTimeoutMs - performance.now())
        await sleep(leftMs, undefined, { signal });
    };
    const late = silence().then(() => {
      isLate = true;
      killGroup(started);
      throw new UserError(
        'ProcessNotReady',
        `${spec.name} was not ready after ${limits.readyTimeoutMs / 1000} s; its log is ${logFile}.`,
      );
    });
    const died = ended.then(({ reason }) => {
      if (stopping.signal.aborted) throw interrupted();
      throw new UserError('ProcessFailed', `${spec.name} did not start (${reason}). Its log is ${logFile}.`);
    });
    try {
      const { probe } = atOwnPort(spec, started);
      return await Promise.race([probe ? probe(signal) : readyLine(started, logFile, onProgress), died, late]);
    } finally {
      settled.abort();
      for (const loser of [late, died]) loser.catch(() => {});
    }
  }

  /** Restarts after every end that nobody asked for. */
  async function keepRunning(): Promise<void> {
    const afterCrash = restartPolicy(limits);
    const whileAway = restartPolicy({ ...limits, maxRestarts: Number.POSITIVE_INFINITY });
    for (;;) {
      const { reason, code } = await ended;
      if (stopping.signal.aborted) return;
      if (spec.mayStartAnew && code === ExitCode.startAnew) {
        hooks.onCrash(spec.name, `${reason} Everything is started anew`, undefined);
        return hooks.onGiveUp(needsNewStart(reason));
      }
      const away = await spec.away?.();
      if (stopping.signal.aborted) return;
      const { crashes, waitMs, tooOften } = (away === undefined ? afterCrash : whileAway)(Date.now(), startedAt);
      const consequence = away === undefined ? '' : `; it waits for what is away: ${away}`;
      hooks.onCrash(
        spec.name,
        `${hung === undefined ? reason : hungWords(hung)}${tooOften ? isTooMuch(waitMs) : consequence}`,
        hung?.since,
      );
      if (tooOften && spec.protectsMoney) return hooks.onGiveUp(gaveUp(crashes, reason));
      hung = undefined;
      await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      // A launch that fails has ended its process: the next turn counts it.
      await launch().then(
        () => hooks.onRestarted(spec.name),
        () => {},
      );
    }
  }

  function hungWords({ since, words }: { since: number; words: string | undefined }): string {
    const seconds = Math.round((Date.now() - since) / 1_000);
    return words === undefined
      ? `it did not answer in time for up to ${seconds} s and was ended`
      : `it has not worked for ${seconds} s and was ended: ${words}`;
  }

  function isTooMuch(waitMs: number): string {
    return spec.protectsMoney
      ? '; it protects money and cannot be kept running: everything is stopped'
      : `; it crashes too often and is left down for ${Math.round(waitMs / 1_000)} s`;
  }

  function needsNewStart(reason: string): UserError {
    const message = `${spec.name} ended (${reason}) Everything is stopped, and started anew by whoever keeps it running.`;
    return new UserError('StartAnew', message);
  }

  function gaveUp(times: number, reason: string): UserError {
    const seconds = Math.round(limits.restartWindowMs / 1000);
    return new UserError(
      'ProcessFailed',
      `${spec.name} ended ${times} times within ${seconds} s, the last time with ${reason}. Everything was stopped, since positions are protected by it alone; its log is ${logFile}. Mend what it says and start again: "npm start".`,
    );
  }

  return {
    name: spec.name,
    pid: () => child?.pid,
    serves: () => child !== undefined && child === serving,
    start: async () => {
      const url = await launch().catch(async (error: unknown) => {
        const isNeeded = spec.protectsMoney
          ? // Slow is not broken: with something at stake there is nothing better than to try on, and it is an incident meanwhile.
            !(hooks.resumes && isLate) && (await spec.away?.()) === undefined
          : spec.neededAtStart === true && !hooks.resumes;
        if (isNeeded || stopping.signal.aborted) throw error;
        hooks.onLeftOut(error);
        return undefined;
      });
      keptRunning = keepRunning();
      return url;
    },
    stop: async () => {
      stopping.abort();
      const running = child;
      if (running) {
        running.kill('SIGTERM');
        const timer = setTimeout(() => killGroup(running), limits.stopTimeoutMs);
        await ended;
        clearTimeout(timer);
      }
      await keptRunning;
    },
    kill: () => {
      stopping.abort();
      if (child) killGroup(child);
    },
  };
}

export function interrupted(): UserError {
  return new UserError('Interrupted', 'The start was interrupted.');
}

interface End {
  /** For a person. */
  reason: string;
  code?: number | undefined;
}

function endOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ reason: error.message });
    });
    child.once('exit', (code, signal) => resolve({ reason: signal ?? `exit code ${code}`, code: code ?? undefined }));
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid !== undefined) sendSignal(-pid, 'SIGKILL');
}
