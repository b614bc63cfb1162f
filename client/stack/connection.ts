import { type TemporalAccess, temporalAccess } from '../../contracts/config/temporal.ts';
import type { Profile } from './profile.ts';

/** Whether the server is somebody else's to run: TEMPORAL_ADDRESS names it. */
export function usesOtherServer(environment: NodeJS.ProcessEnv = process.env): boolean {
  return Boolean(environment['TEMPORAL_ADDRESS']);
}

/** Where the stack's Temporal is: as the environment says, else the profile's own server. */
export function stackAccess({ temporal }: Profile, environment: NodeJS.ProcessEnv = process.env): TemporalAccess {
  return temporalAccess(
    usesOtherServer(environment)
      ? environment
      : {
          ...environment,
          TEMPORAL_ADDRESS: `${temporal.host}:${temporal.ports.grpc}`,
          TEMPORAL_NAMESPACE: temporal.namespace,
        },
  );
}
