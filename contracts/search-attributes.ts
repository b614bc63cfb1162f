import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** Registered by the development stack (temporal-dev.yml) and by the cluster's deployment. For finding things, never for safety. */
export const searchAttributes = {
  account: defineSearchAttributeKey('Account', SearchAttributeType.KEYWORD),
  mode: defineSearchAttributeKey('Mode', SearchAttributeType.KEYWORD),
  outcome: defineSearchAttributeKey('Outcome', SearchAttributeType.KEYWORD),
  cycleId: defineSearchAttributeKey('CycleId', SearchAttributeType.KEYWORD),
  symbols: defineSearchAttributeKey('Symbols', SearchAttributeType.KEYWORD_LIST),
  haltEpoch: defineSearchAttributeKey('HaltEpoch', SearchAttributeType.INT),
};
