import { AFTER_AGENTS_MS } from '../cycle-times.ts';

interface Times {
  cycle: { intervalSeconds: number; horizonMinutes: number };
  risk: { maxSnapshotAgeSeconds: number };
  participation: { deadlineSeconds: number };
  agents: { deepseek: { timeoutSeconds: number }; qwen: { timeoutSeconds: number } };
}

/** Times that are right each by itself and leave no decision together: where each stands, and what it must be. */
export function contradictions({ cycle, risk, participation, agents }: Times): { path: string[]; message: string }[] {
  const { deadlineSeconds } = participation;
  const { intervalSeconds, horizonMinutes } = cycle;
  const needed = Math.min(deadlineSeconds, intervalSeconds) + AFTER_AGENTS_MS / 1_000;
  const found: { path: string[]; message: string }[] = [];
  const must = (isSo: boolean, path: string[], message: string): void => {
    if (!isSo) found.push({ path, message });
  };
  must(
    deadlineSeconds <= intervalSeconds,
    ['participation', 'deadlineSeconds'],
    `must not be above cycle.intervalSeconds, ${intervalSeconds}: the next cycle would begin before the agents' time is over`,
  );
  for (const agent of ['deepseek', 'qwen'] as const) {
    must(
      agents[agent].timeoutSeconds <= deadlineSeconds,
      ['agents', agent, 'timeoutSeconds'],
      `must not be above participation.deadlineSeconds, ${deadlineSeconds}: nobody would wait for the answer`,
    );
  }
  must(
    risk.maxSnapshotAgeSeconds >= needed,
    ['risk', 'maxSnapshotAgeSeconds'],
    `must be at least ${needed}: the agents have ${needed - AFTER_AGENTS_MS / 1_000} s (participation.deadlineSeconds) and the steps up to the decision ${AFTER_AGENTS_MS / 1_000} s, so that one slow answer would refuse every order`,
  );
  must(
    risk.maxSnapshotAgeSeconds <= horizonMinutes * 60,
    ['risk', 'maxSnapshotAgeSeconds'],
    `must not be above cycle.horizonMinutes, ${horizonMinutes * 60} s: a decision would be on views that are over`,
  );
  return found;
}
