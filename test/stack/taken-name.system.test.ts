import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { takeName } from '../../client/taken-name.mjs';
import { projectFolder } from '../../runtime/configuration/folders.ts';

const file = join(projectFolder, 'client', 'taken-name.mjs');

it.each(['linux', 'darwin'])(
  'one process has a name at a time, also after one that was killed with it (%s)',
  async (platform) => {
    const name = `test ${platform} ${process.pid}`;
    const holder = spawn(
      process.execPath,
      [
        '-e',
        `import(${JSON.stringify(file)}).then(({ takeName }) => takeName(${JSON.stringify(name)}, () => {}, { platform: '${platform}' })).then(() => console.log('taken'))`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(holder.stdout, 'data');
    let waits = 0;
    const taking = takeName(name, () => (waits += 1), { platform });
    await expect.poll(() => waits).toBeGreaterThan(1);
    holder.kill('SIGKILL');
    const give = await taking;
    const second = takeName(name, () => (waits += 1), { platform });
    const before = waits;
    await expect.poll(() => waits).toBeGreaterThan(before);
    give();
    (await second)();
  },
);
