import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { cacheFolder, projectFolder } from '../contracts/config/folders.ts';
import { workflowInterceptorModules } from '../runtime/interceptors.ts';
import { failureConverterPath, payloadConverterPath, type TemporalSecrets } from '../runtime/temporal.ts';

const sources = ['workflows/**/*.ts', 'runtime/**/*.ts', 'contracts/*.ts', 'domain/*.ts', 'package-lock.json'];

/** All workflows in one bundle, made once for each state of their sources, one where payloads are encrypted and one where not, and kept in the cache. */
export async function workflowBundle({ payloadKeys }: TemporalSecrets = {}): Promise<{ codePath: string }> {
  const sealed = payloadKeys !== undefined;
  const codePath = join(cacheFolder(), 'workflows', `${sourceHash()}${sealed ? '-sealed' : ''}.js`);
  if (!existsSync(codePath)) {
    const { code } = await buildWorkflowBundle(sealed);
    mkdirSync(join(cacheFolder(), 'workflows'), { recursive: true });
    const temporary = `${codePath}.${process.pid}`;
    writeFileSync(temporary, code);
    renameSync(temporary, codePath);
  }
  return { codePath };
}

export function buildWorkflowBundle(sealed = false): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: join(projectFolder, 'workflows', 'index.ts'),
    workflowInterceptorModules: workflowInterceptorModules(sealed),
    payloadConverterPath,
    ...(sealed ? { failureConverterPath } : {}),
    logger: { ...console, log: quiet, trace: quiet, debug: quiet, info: quiet },
  });
}

function quiet(): void {}

function sourceHash(): string {
  const hash = createHash('sha256');
  for (const file of sources.flatMap((pattern) => globSync(pattern, { cwd: projectFolder })).sort()) {
    hash.update(file).update(readFileSync(join(projectFolder, file)));
  }
  return hash.digest('hex').slice(0, 16);
}
