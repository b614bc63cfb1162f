import { expect, it } from 'vitest';
import { workerProcesses } from '../../client/stack/parts.ts';

it('what protects money may ask for a new start of the whole, and nothing else', () => {
  const asking = workerProcesses({}).filter(({ mayStartAnew }) => mayStartAnew);
  expect(asking.map(({ name }) => name).toSorted()).toEqual(['workers/control', 'workers/cycles', 'workers/execution']);
});
