import { setting } from '../../runtime/configuration/environment.ts';
import { type TemporalAccess, temporalAccess } from '../../runtime/configuration/temporal.ts';
import type { Profile } from './profile.ts';

/**
 * Whether the server is somebody else's to run: TEMPORAL_ADDRESS names it.
 *
 * @throws UserError SettingEmpty
 */
export function usesOtherServer(environment: NodeJS.ProcessEnv = process.env): boolean {
  return setting('TEMPORAL_ADDRESS', environment) !== undefined;
}

/** Where the stack's Temporal is: as the environment says, else the profile's own server. */
export function stackAccess({ temporal }: Profile, environment: NodeJS.ProcessEnv = process.env): TemporalAccess {
  // Also where the profile's own name takes its place: an empty one is the rest of a mistake.
  setting('TEMPORAL_NAMESPACE', environment);
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
