import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { cacheFolder } from '../../../runtime/configuration/folders.ts';

/** Google ships its own description of the interface with its Python client (Apache-2.0). */
const PACKAGE = 'google-api-python-client==2.202.0';

interface Schema {
  $ref?: string | undefined;
  type?: string | undefined;
  properties?: Record<string, Schema> | undefined;
  additionalProperties?: Schema | undefined;
  items?: Schema | undefined;
  enum?: string[] | undefined;
}

const schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    $ref: z.string().optional(),
    type: z.string().optional(),
    properties: z.record(z.string(), schema).optional(),
    additionalProperties: schema.optional(),
    items: schema.optional(),
    enum: z.array(z.string()).optional(),
  }),
);

/** The discovery document of BigQuery v2: every type of its interface. */
export function discovery(): Record<string, Schema> {
  const folder = join(cacheFolder(), 'google-discovery');
  const file = join(folder, 'bigquery.v2.json');
  if (!existsSync(file)) {
    const draft = `${folder}.${process.pid}`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { recursive: true });
    const options = ['--no-deps', '--only-binary=:all:', '--disable-pip-version-check', '--quiet'];
    execFileSync('python3', ['-m', 'pip', 'download', ...options, '--dest', draft, PACKAGE]);
    const [wheel = ''] = globSync(join(draft, '*.whl'));
    execFileSync('python3', ['-m', 'zipfile', '-e', wheel, draft]);
    mkdirSync(folder, { recursive: true });
    renameSync(join(draft, 'googleapiclient', 'discovery_cache', 'documents', 'bigquery.v2.json'), file);
    rmSync(draft, { recursive: true });
  }
  const document: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return z.object({ schemas: z.record(z.string(), schema) }).parse(document).schemas;
}

/** Where a body is not what Google's document says; empty where it is. */
export function faultsOf(schemas: Record<string, Schema>, name: string, value: unknown, path = name): string[] {
  const type = schemas[name];
  return type ? check(schemas, type, value, path) : [`${path}: Google knows no type ${name}`];
}

function check(schemas: Record<string, Schema>, type: Schema, value: unknown, path: string): string[] {
  if (type.$ref !== undefined) return faultsOf(schemas, type.$ref, value, path);
  if (type.type === 'array') {
    if (!Array.isArray(value)) return [`${path}: must be a list`];
    return value.flatMap((item, index) => (type.items ? check(schemas, type.items, item, `${path}[${index}]`) : []));
  }
  if (type.type === 'object') {
    if (typeof value !== 'object' || value === null) return [`${path}: must be an object`];
    return Object.entries(value).flatMap(([key, item]) => {
      const member = type.properties?.[key] ?? type.additionalProperties;
      return member ? check(schemas, member, item, `${path}.${key}`) : [`${path}.${key}: Google knows no such field`];
    });
  }
  // Whole numbers of 64 bits are strings in Google's JSON, and taken as either.
  const wanted = type.type === 'integer' ? ['number', 'string'] : [type.type ?? 'string'];
  if (!wanted.includes(typeof value)) return [`${path}: must be ${wanted.join(' or ')}, and is ${typeof value}`];
  const isListed = type.enum === undefined || type.enum.includes(String(value));
  return isListed ? [] : [`${path}: ${String(value)} is none of ${type.enum?.join(', ')}`];
}
