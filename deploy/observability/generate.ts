import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { alertmanagerFile } from './alertmanager.ts';
import { ruleFile } from './rules.ts';

const folder = join(import.meta.dirname, 'generated');

/** Everything that is generated here, by its path. */
export function generatedFiles(): Record<string, string> {
  return { 'rules.yml': ruleFile(), 'alertmanager.yml': alertmanagerFile() };
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(generatedFiles())) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    process.stdout.write(`${file}\n`);
  }
}
