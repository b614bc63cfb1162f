import type { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** Registered by the development stack (temporal-dev.yml) and by the cluster's deployment. For finding things, never for safety. */
export const searchAttributes = {
  account: key('Account', 'KEYWORD'),
  mode: key('Mode', 'KEYWORD'),
  outcome: key('Outcome', 'KEYWORD'),
  cycleId: key('CycleId', 'KEYWORD'),
  symbols: key('Symbols', 'KEYWORD_LIST'),
  haltEpoch: key('HaltEpoch', 'INT'),
};

function key<T extends SearchAttributeType>(name: string, type: T): ReturnType<typeof defineSearchAttributeKey<T>> {
  return { name, type };
}
