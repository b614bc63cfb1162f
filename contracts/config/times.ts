import { AFTER_AGENTS_MS } from '../cycle-times.ts';

interface Times {
  cycle: { intervalSeconds: number; horizonMinutes: number };
  risk: { maxSnapshotAgeSeconds: number; minHoldingSeconds: number };
  protection: { enabled: boolean; timeLimitMinutes?: number | undefined };
  participation: { deadlineSeconds: number };
  agents: { deepseek: { timeoutSeconds: number }; qwen: { timeoutSeconds: number } };
}

interface Contradiction {
  path: string[];
  /** What stands there. */
  input: number;
  message: string;
}

/** Times that are right each by itself and leave no decision together: where each stands, and what it must be. */
export function contradictions({ cycle, risk, protection, participation, agents }: Times): Contradiction[] {
  const { deadlineSeconds } = participation;
  const { intervalSeconds, horizonMinutes } = cycle;
  const { maxSnapshotAgeSeconds: maxAge, minHoldingSeconds } = risk;
  const { timeLimitMinutes = Number.POSITIVE_INFINITY } = protection.enabled ? protection : {};
  const needed = Math.min(deadlineSeconds, intervalSeconds) + AFTER_AGENTS_MS / 1_000;
  const found: Contradiction[] = [];
  const must = (isSo: boolean, path: string[], input: number, message: string): void => {
    if (!isSo) found.push({ path, input, message });
  };
  must(
    deadlineSeconds <= intervalSeconds,
    ['participation', 'deadlineSeconds'],
    deadlineSeconds,
    `must not be above cycle.intervalSeconds, ${intervalSeconds}: the next cycle would begin before the agents' time is over`,
  );
  for (const agent of ['deepseek', 'qwen'] as const) {
    must(
      agents[agent].timeoutSeconds <= deadlineSeconds,
      ['agents', agent, 'timeoutSeconds'],
      agents[agent].timeoutSeconds,
      `must not be above participation.deadlineSeconds, ${deadlineSeconds}: nobody would wait for the answer`,
    );
  }
  must(
    maxAge >= needed,
    ['risk', 'maxSnapshotAgeSeconds'],
    maxAge,
    `must be at least ${needed}: the agents have ${needed - AFTER_AGENTS_MS / 1_000} s (participation.deadlineSeconds) and the steps up to the decision ${AFTER_AGENTS_MS / 1_000} s, so that one slow answer would refuse every order`,
  );
  must(
    maxAge <= horizonMinutes * 60,
    ['risk', 'maxSnapshotAgeSeconds'],
    maxAge,
    `must not be above cycle.horizonMinutes, ${horizonMinutes * 60} s: a decision would be on views that are over`,
  );
  must(
    minHoldingSeconds < timeLimitMinutes * 60,
    ['risk', 'minHoldingSeconds'],
    minHoldingSeconds,
    `must be below protection.timeLimitMinutes, ${timeLimitMinutes * 60} s: every position would be closed before a signal may close it`,
  );
  return found;
}
