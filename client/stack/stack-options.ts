import type { Configuration } from '../../contracts/config/schema.ts';
import type { Engine } from '../../runtime/configuration/engines.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import type { ProcessNews } from './process-incidents.ts';
import type { Profile } from './profile.ts';

export interface StackOptions {
  configuration: Configuration;
  profile: Profile;
  /** Run beside the stack; what is missing of them is installed. */
  engines: readonly Engine[];
  /** Prometheus and Alertmanager beside it. */
  observe?: boolean;
  /** Shares the work of the stack that runs the books, and runs nothing that there may be one of. */
  join?: boolean;
  /** It goes on with what was running, or the books have something to protect: it starts also without what it can do without. */
  resumes?: boolean;
  /** One short line per step of the preparation. */
  onProgress: (message: string) => void;
  logger: Logger;
  /** Told when a process ends unasked, and when it serves again. */
  onProcess?: (news: ProcessNews) => void;
}
