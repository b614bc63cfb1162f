import type { PromptVersion } from '../../../../contracts/config/language-models.ts';
import type { Prompt } from './prompt.ts';
import { signal1 } from './signal-1.ts';
import { signal2 } from './signal-2.ts';
import { signal3 } from './signal-3.ts';

export const prompts: Readonly<Record<PromptVersion, Prompt>> = {
  'signal/1': signal1,
  'signal/2': signal2,
  'signal/3': signal3,
};
