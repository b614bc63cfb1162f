import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { roles } from '../../contracts/roles.ts';
import { agentTaskQueue, TaskQueue } from '../../contracts/task-queues.ts';
import { agentIds } from '../../domain/signals/agents.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { processName, roleRow } from '../../runtime/roles.ts';

const textOf = (file: string): string => readFileSync(join(projectFolder, file), 'utf8');

describe('the table of roles', () => {
  it('gives every task queue to one role', () => {
    const served = roles.flatMap((role) => roleRow(role).queues);
    const wanted = [...Object.values(TaskQueue), ...agentIds.map(agentTaskQueue)];
    expect(served.toSorted()).toEqual(wanted.toSorted());
  });

  it('names an entry that runs as this role, and every entry that does', () => {
    for (const role of roles) {
      const { entry } = roleRow(role);
      expect(existsSync(join(projectFolder, entry)), entry).toBe(true);
      expect(textOf(entry)).toMatch(new RegExp(`^await runRole\\('${role}', `, 'm'));
    }
    const entries = globSync('workers/*.ts', { cwd: projectFolder }).filter((file) =>
      /^await runRole\(/m.test(textOf(file)),
    );
    expect(entries.toSorted()).toEqual(roles.map((role) => roleRow(role).entry).toSorted());
  });

  it('is the one in the docs', () => {
    const wanted = roles.map((role) => {
      const { queues, probes, stores, replicas, protectsMoney } = roleRow(role);
      const shown = role === 'agents' ? ['agents-<agent>'] : queues;
      return [
        `\`${processName(role)}\``,
        shown.map((queue) => `\`${queue}\``).join(' '),
        probes.join(', '),
        stores.join(', '),
        String(replicas),
        protectsMoney ? 'yes' : 'no',
      ];
    });
    const rows = textOf('docs/processes.md')
      .split('\n')
      .filter((line) => line.startsWith('| `workers/'))
      .map((line) =>
        line
          .split('|')
          .slice(1, -2)
          .map((cell) => cell.trim()),
      );
    expect(rows).toEqual(wanted);
  });
});
