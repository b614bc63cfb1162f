import { expect, it } from 'vitest';
import { workerProcesses } from '../../client/stack/parts.ts';
import { roles } from '../../contracts/roles.ts';
import { processName } from '../../runtime/roles.ts';

/** A new role has to be decided here as well: what must never be ended by another, and what others may go on without. */
const protecting: Record<string, boolean> = {
  'workers/cycles': false,
  'workers/agents': false,
  'workers/execution': true,
  'workers/control': true,
  'workers/housekeeping': false,
};

it('each worker either protects money, and may ask for a new start of the whole, or is left down alone', () => {
  const away = async () => undefined;
  const workers = workerProcesses({}, away).map((worker) => [
    worker.name,
    worker.protectsMoney,
    worker.mayStartAnew === true,
    worker.away === away,
  ]);
  expect(workers).toEqual(Object.entries(protecting).map(([name, protects]) => [name, protects, protects, protects]));
  expect(Object.keys(protecting)).toEqual(roles.map(processName));
});
