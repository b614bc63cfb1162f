import { Buffer } from 'node:buffer';
import fc from 'fast-check';

/** As the server takes it. */
export interface RawPayload {
  metadata: Record<string, Uint8Array>;
  data: Uint8Array;
}

/** Running workflows; what ends by itself within seconds is started anew for each round. */
export type Target = 'latch' | 'exit' | 'order' | 'plan' | 'cycle' | 'flatten' | 'health' | 'reconcile';

export type Message =
  | { kind: 'signal'; target: Target; name: string; payloads: RawPayload[]; header: RawPayload | undefined }
  | { kind: 'update'; target: Target; name: string; updateId: string; payloads: RawPayload[] }
  | { kind: 'query'; target: Target; name: string; payloads: RawPayload[] }
  | { kind: 'start'; type: string; id: string; payloads: RawPayload[] };

const bytes = (text: string): Uint8Array => Buffer.from(text);
const payload = (encoding: string | undefined, data: Uint8Array): RawPayload => ({
  metadata: encoding === undefined ? {} : { encoding: bytes(encoding) },
  data,
});

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: 'grapheme-composite', maxLength: 30 }),
  fc.constantFrom('main', 'BTC/USDT', 'reconcile', 'risk', 'ann', '', ' ', '\u001b[2J', '__proto__', 'first', '\ud800'),
);
/** Up to nearly what Temporal takes as one message. */
const large = fc.integer({ min: 50_000, max: 1_900_000 }).map((length) => 'ä'.repeat(length / 2));
const deep = fc.integer({ min: 10, max: 30_000 }).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`);

const fields = fc.record(
  {
    reason: fc.oneof({ weight: 30, arbitrary: fc.oneof(texts, fc.jsonValue()) }, { weight: 1, arbitrary: large }),
    by: fc.oneof(texts, fc.jsonValue()),
    requestId: fc.oneof(texts, fc.constantFrom('a', 'b', 'c'), fc.jsonValue()),
    flatten: fc.oneof(fc.boolean(), fc.jsonValue()),
    expectedEpoch: fc.oneof(fc.integer({ min: -1, max: 3_000 }), fc.jsonValue()),
    epoch: fc.oneof(fc.integer(), fc.jsonValue()),
    onlyOver: fc.constantFrom('reconcile', 'risk', 7),
    account: texts,
    symbol: texts,
    waiting: fc.jsonValue(),
    seen: fc.jsonValue(),
    books: fc.jsonValue(),
    sell: fc.jsonValue(),
    maxEvents: fc.integer(),
    memory: fc.jsonValue(),
    legId: texts,
    unreadable: fc.jsonValue(),
    toJSON: fc.jsonValue(),
  },
  { requiredKeys: [] },
);

const encodings = fc.constantFrom(
  undefined,
  '',
  'json/plain',
  'json/protobuf',
  'binary/plain',
  'binary/null',
  'binary/protobuf',
  'binary/x',
  'binary/encrypted',
  'constructor',
);
const payloads = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fields.map((value) => payload('json/plain', bytes(JSON.stringify(value)))) },
    { weight: 4, arbitrary: fc.jsonValue().map((value) => payload('json/plain', bytes(JSON.stringify(value)))) },
    {
      weight: 3,
      arbitrary: fc.tuple(encodings, fc.uint8Array({ maxLength: 60 })).map(([name, data]) => payload(name, data)),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('{"reason":', '{', '"\\ud800"', 'undefined', '')
        .map((text) => payload('json/plain', bytes(text))),
    },
    { weight: 1, arbitrary: deep.map((text) => payload('json/plain', bytes(text))) },
  ),
  { maxLength: 3 },
);
const header = fc.option(
  fc.tuple(encodings, fc.uint8Array({ maxLength: 20 })).map(([name, data]) => payload(name, data)),
  { nil: undefined, freq: 10 },
);

const targets = fc.oneof(
  { weight: 5, arbitrary: fc.constant('latch' as const) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Target>('exit', 'order', 'plan', 'cycle', 'flatten', 'health', 'reconcile'),
  },
);
const unknownNames = fc.constantFrom(
  'halt',
  'lookAgain',
  'resume',
  'settled',
  'state',
  'constructor',
  '__proto__',
  'x',
);
const signals = fc.oneof(
  { weight: 3, arbitrary: fc.constant('emergencyStop') },
  { weight: 1, arbitrary: unknownNames },
);
const updates = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('resume', 'settled') },
  { weight: 1, arbitrary: unknownNames },
);
const queries = fc.constantFrom('state', 'protection', '__stack_trace', '__temporal_workflow_metadata', 'x');
const types = fc.constantFrom(
  'tradingControl',
  'protectPosition',
  'executeOrder',
  'executePlan',
  'tradingCycle',
  'health',
  'reconcile',
  'flatten',
);

/** Whatever somebody who reaches Temporal may send to what guards the money. */
export const messages: fc.Arbitrary<Message> = fc.oneof(
  {
    weight: 60,
    arbitrary: fc.record({ kind: fc.constant('signal' as const), target: targets, name: signals, payloads, header }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('update' as const),
      target: targets,
      name: updates,
      // One id for two updates at once is the server's affair: after a task that it lost, it may write the one into the history and have the other done.
      updateId: fc.uuid(),
      payloads,
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant('query' as const), target: targets, name: queries, payloads }),
  },
  {
    weight: 15,
    arbitrary: fc.record({
      kind: fc.constant('start' as const),
      type: types,
      id: fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.uuid()),
      payloads,
    }),
  },
);
