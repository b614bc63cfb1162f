import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { z } from 'zod';
import { UserError } from '../contracts/errors.ts';
import { setting } from '../runtime/configuration/environment.ts';
import { cacheFolder, projectFolder } from '../runtime/configuration/folders.ts';
import { writePrivateFile } from '../runtime/configuration/private-file.ts';
import { BUILD_VARIABLE } from '../runtime/configuration/temporal.ts';
import { workflowInterceptorModules } from '../runtime/interceptors.ts';
import { failureConverterPath, payloadConverterPath, type TemporalSecrets } from '../runtime/temporal.ts';

/** Names the versions of all that reads and translates the sources: the SDK, its bundler, TypeScript. */
const LOCK_FILE = 'package-lock.json';
/** Say how they are read, and which interceptors go around them in which order. */
const MADE_BY = ['workers/workflow-bundle.ts', 'runtime/interceptors.ts'];
const UNUSED_MS = 30 * 86_400_000;

/** What one bundle was made of: each file by its path within the project, with the hash of its text. */
const recordSchema = z.object({ buildId: z.string(), sources: z.record(z.string(), z.string()) });

export interface WorkflowBundle {
  codePath: string;
  /** Of all that the bundle's code was made of: the same sources give the same one on every machine. */
  buildId: string;
}

/**
 * All workflows in one bundle, one where payloads are encrypted and one where not, kept in the cache until a file changes that it was made of.
 *
 * @throws UserError BuildGone
 */
export async function workflowBundle({ payloadKeys }: TemporalSecrets = {}): Promise<WorkflowBundle> {
  const request = {
    project: projectFolder,
    cache: join(cacheFolder(), 'workflows'),
    sealed: payloadKeys !== undefined,
  };
  const wanted = setting(BUILD_VARIABLE);
  return wanted === undefined ? cachedBundle(request) : keptBundle(request, wanted);
}

/** No worker polls under another build than it was started for: nobody would give it anything to do. */
export async function keptBundle(request: BundleRequest, buildId: string): Promise<WorkflowBundle> {
  const codePath = codePathOf(request, buildId);
  if (isWhole(codePath)) return inUse(codePath, buildId);
  const made = await cachedBundle(request);
  if (made.buildId === buildId) return made;
  throw new UserError(
    'BuildGone',
    `The workflows of build ${buildId} are not in the cache any more, and the sources are of build ${made.buildId}: only a new start of the whole takes up another build.`,
  );
}

interface BundleRequest {
  /** The folder of package-lock.json and of workflows/. */
  project: string;
  cache: string;
  sealed: boolean;
}

export async function cachedBundle(request: BundleRequest): Promise<WorkflowBundle> {
  const buildId = knownBuild(request) ?? (await build(request));
  return inUse(codePathOf(request, buildId), buildId);
}

/** Dated anew by each start that it serves, made for that or not: a stack keeps the one that it was started with for as long as it runs. */
function inUse(codePath: string, buildId: string): WorkflowBundle {
  const now = new Date();
  try {
    utimesSync(codePath, now, now);
  } catch {
    // A cache that this process may only read, as of an image, is nobody's to clear here.
  }
  return { codePath, buildId };
}

const nameOf = ({ sealed }: BundleRequest): string => (sealed ? 'sealed' : 'plain');
const recordPathOf = (request: BundleRequest): string => join(request.cache, `${nameOf(request)}.json`);
const codePathOf = (request: BundleRequest, buildId: string): string =>
  join(request.cache, `${buildId}-${nameOf(request)}.js`);

/** The one that was made last, where nothing has changed since that it was made of. */
function knownBuild(request: BundleRequest): string | undefined {
  const record = readRecord(recordPathOf(request));
  if (!record || !isWhole(codePathOf(request, record.buildId))) return undefined;
  const isCurrent = Object.entries(record.sources).every(([file, hash]) => {
    const path = join(request.project, file);
    return existsSync(path) && hashOf(readFileSync(path)) === hash;
  });
  return isCurrent ? record.buildId : undefined;
}

async function build(request: BundleRequest): Promise<string> {
  const { project, cache, sealed } = request;
  const { code } = await buildWorkflowBundle(sealed, project);
  const files = [LOCK_FILE, ...MADE_BY, ...sourcesOf(code, project)];
  const sources = Object.fromEntries(files.map((file) => [file, hashOf(readFileSync(join(project, file)))]));
  const buildId = hashOf(JSON.stringify(sources)).slice(0, 16);
  mkdirSync(cache, { recursive: true });
  dropUnused(cache);
  const codePath = codePathOf(request, buildId);
  writePrivateFile(sealPathOf(codePath), hashOf(code));
  writePrivateFile(codePath, code);
  writePrivateFile(recordPathOf(request), JSON.stringify({ buildId, sources }));
  return buildId;
}

const sealPathOf = (codePath: string): string => `${codePath}.sha256`;

/** A file that was cut short or altered is made anew: a worker would fail by it at each start, or serve what the build's id does not name. */
function isWhole(codePath: string): boolean {
  const sealPath = sealPathOf(codePath);
  if (!existsSync(codePath) || !existsSync(sealPath)) return false;
  return hashOf(readFileSync(codePath)) === readFileSync(sealPath, 'utf8');
}

/** Each change of a source leaves its own. */
function dropUnused(cache: string): void {
  for (const name of readdirSync(cache)) {
    const path = join(cache, name);
    if (!name.endsWith('.js') || Date.now() - statSync(path).mtimeMs < UNUSED_MS) continue;
    for (const old of [path, sealPathOf(path)]) rmSync(old, { force: true });
  }
}

/** Undefined where there is none that can be read: then the bundle is made anew. */
function readRecord(path: string): z.infer<typeof recordSchema> | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** The files that the bundler read, as its source map names them; what it made up itself is no file. */
function sourcesOf(code: string, project: string): string[] {
  const [, encoded] = /sourceMappingURL=data:application\/json;[^,]*base64,([A-Za-z0-9+/=]+)/.exec(code) ?? [];
  if (encoded === undefined) throw new Error('the bundle of the workflows names no source map');
  const { sources } = z
    .object({ sources: z.array(z.string()) })
    .parse(JSON.parse(Buffer.from(encoded, 'base64').toString()));
  return sources
    .filter((source) => isAbsolute(source) && existsSync(source))
    .map((source) => relative(project, source))
    .toSorted();
}

function hashOf(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

export function buildWorkflowBundle(sealed = false, project = projectFolder): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: join(project, 'workflows', 'index.ts'),
    workflowInterceptorModules: workflowInterceptorModules(sealed),
    // Each worker keeps its map: where code came from is enough, the sources lie in the project.
    webpackConfigHook: (webpack) => ({ ...webpack, devtool: 'inline-nosources-source-map' }),
    preloadModules: [join(project, 'workflows', 'preload.ts')],
    payloadConverterPath,
    ...(sealed ? { failureConverterPath } : {}),
    logger: { ...console, log: quiet, trace: quiet, debug: quiet, info: quiet },
  });
}

function quiet(): void {}
