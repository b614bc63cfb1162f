import { randomUUID } from 'node:crypto';
import { google, temporal as protocol } from '@temporalio/proto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { inject } from 'vitest';
import { readProfile } from '../../client/stack/profile.ts';
import { temporalBinary, testServerBinary } from '../../client/stack/temporal-binary.ts';
import { dynamicConfigFlags } from '../../client/stack/temporal-server.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { clientOptions, type TemporalSecrets } from '../../runtime/temporal.ts';

const { IndexedValueType } = protocol.api.enums.v1;

/** By the names of the profile. */
const indexedType = {
  Text: IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  Int: IndexedValueType.INDEXED_VALUE_TYPE_INT,
  Double: IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
  Bool: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
  Datetime: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
  KeywordList: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
} as const;

// Tests make activities fail on purpose; what they prove is asserted, not read in a log.
Runtime.install({ logger: new DefaultLogger('ERROR') });

/** A namespace of its own on the server that the files of a project share, so that fixed workflow ids meet no others. The test tears it down. */
export async function startDevServer(secrets: TemporalSecrets = {}): Promise<TestWorkflowEnvironment> {
  const namespace = `test-${randomUUID()}`;
  const environment = await TestWorkflowEnvironment.createFromExistingServer({
    address: inject('temporalAddress'),
    namespace,
    client: clientOptions(secrets),
  });
  await environment.connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: google.protobuf.Duration.fromObject({ seconds: 86_400 }),
  });
  await addSearchAttributes(environment, namespace);
  return environment;
}

/** A real server in memory with the development profile's settings, for tests that flood it or whose other programs know one namespace alone. */
export async function startOwnServer(secrets: TemporalSecrets = {}): Promise<TestWorkflowEnvironment> {
  const { temporal } = readProfile();
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await temporalBinary(temporal) },
      searchAttributes: Object.values(searchAttributes),
      extraArgs: dynamicConfigFlags(temporal),
    },
    client: clientOptions(secrets),
  });
}

/**
 * A server whose time jumps while only timers are awaited. The test tears it down. Each file has its own, which starts in an eighth of a second:
 * time jumps for all that is on it.
 */
export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  const { temporal } = readProfile();
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: await testServerBinary(temporal) } },
    client: clientOptions({}),
  });
  // It takes no search attributes on its command line, and fails a workflow task that sets an unknown one.
  await addSearchAttributes(environment, 'default');
  return environment;
}

async function addSearchAttributes({ connection }: TestWorkflowEnvironment, namespace: string): Promise<void> {
  const { searchAttributes: types } = readProfile().temporal;
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(Object.entries(types).map(([name, type]) => [name, indexedType[type]])),
  });
}
