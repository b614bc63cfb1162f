import { exchangeFaults } from './exchange.ts';
import type { Fault } from './fault.ts';
import { modelFaults } from './models.ts';
import { peopleFaults } from './people.ts';
import { processFaults } from './processes.ts';
import { storeFaults } from './stores.ts';

export const faults: readonly Fault[] = [
  ...processFaults,
  ...exchangeFaults,
  ...storeFaults,
  ...modelFaults,
  ...peopleFaults,
];
