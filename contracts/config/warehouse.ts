import { z } from 'zod';
import { type TableName, tableNames } from '../warehouse/tables.ts';

const table = z.enum(tableNames as [TableName, ...TableName[]]);
const member = z
  .string()
  .regex(
    /^(user|group|serviceAccount|domain):\S+$/,
    'must be user:…, group:…, serviceAccount:… or domain:…, e.g. group:analysts@example.com',
  );

/** Google's BigQuery as the warehouse of production. Credentials are Google's own: GOOGLE_APPLICATION_CREDENTIALS, or the workload's identity. */
export const bigQuerySchema = z
  .strictObject({
    project: z.string().regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'must be the id of a Google Cloud project'),
    /** `sapphire_paper` or `sapphire_live` without: one dataset never holds both. */
    dataset: z
      .string()
      .regex(/^\w{1,1024}$/, 'must be letters, digits and underscores')
      .optional(),
    location: z.string().min(1).default('EU'),
    /** Tables whose rows are wanted within seconds: by the Storage Write API, which costs money beyond its free share. The others by load jobs. */
    stream: z.array(table).default([]),
    /** Of an emulator: its REST and its gRPC address. */
    storageEndpoint: z.url({ protocol: /^https?$/ }).optional(),
    apiEndpoint: z.url({ protocol: /^https?$/ }).optional(),
    /** Who sees which rows of a table. As soon as a table has one, nobody else sees any. */
    rowAccess: z
      .array(
        z.strictObject({
          table,
          name: z.string().regex(/^[a-z][a-z0-9_]{0,60}$/, 'must be a short lower-case name'),
          grantees: z.array(member).min(1),
          /** A boolean expression of BigQuery's SQL, e.g. agent = 'deepseek'. */
          filter: z.string().min(1),
        }),
      )
      .default([]),
    /** Who exports: sees every row of tables with row access. */
    exporter: member.optional(),
    /** Columns under a policy tag of Data Catalog: whoever may not read the tag sees them masked, or not at all. */
    maskedColumns: z
      .array(
        z.strictObject({
          table,
          column: z.string().min(1),
          policyTag: z
            .string()
            .regex(/^projects\/.+\/taxonomies\/.+\/policyTags\/.+$/, 'must be the full name of a policy tag'),
        }),
      )
      .default([]),
  })
  .refine(({ rowAccess, exporter }) => rowAccess.length === 0 || exporter !== undefined, {
    path: ['exporter'],
    message: 'is missing: with row access, the account that exports must be named, or it could not see what it wrote',
  });
export type BigQuerySettings = z.output<typeof bigQuerySchema>;

export const warehouseSchema = z.strictObject({
  /** From one export to the next. */
  exportSeconds: z.int().min(5).max(3_600).default(60),
  bigquery: bigQuerySchema.optional(),
});
