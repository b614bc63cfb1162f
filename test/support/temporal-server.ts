import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { TestProject } from 'vitest/node';
import { readProfile } from '../../client/stack/profile.ts';
import { temporalBinary } from '../../client/stack/temporal-binary.ts';
import { dynamicConfigFlags } from '../../client/stack/temporal-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Host and port of the one development server of a project's files. */
    temporalAddress: string;
  }
}

/** One development server for all files of a project, each of which makes a namespace of its own there: see `startDevServer`. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const { temporal } = readProfile();
  const server = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: await temporalBinary(temporal) },
      extraArgs: dynamicConfigFlags(temporal),
    },
  });
  provide('temporalAddress', server.address);
  return () => server.teardown();
}
