import type { Client } from '@temporalio/client';
import type { Configuration } from '../../contracts/config/schema.ts';
import type { Logger } from '../../runtime/telemetry/logger.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { MarketBuffer } from '../../stores/market-buffer/market-buffer.ts';
import type { Feed } from '../../stores/warehouse/feeds.ts';
import type { Warehouse } from '../../stores/warehouse/warehouse.ts';
import type { CoordinatorClient } from '../../trading/decide/coordinator-client.ts';

export interface OpenWarehouse {
  warehouse: Warehouse;
  feeds: Feed[];
}

/** What the API works with. Each is opened at its first use, and again after it could not be: the API stands whatever of them is away. */
export interface ApiTools {
  configuration: Configuration;
  journal(): Promise<Journal>;
  temporal(): Promise<Client>;
  warehouse(): Promise<OpenWarehouse>;
  /** What cycles saw. */
  market(): Promise<MarketBuffer>;
  coordinator(): Promise<CoordinatorClient>;
  /** Where the processes of this machine log. */
  logFolder: string;
  logger: Logger;
  now(): number;
}

/** Opens once, for all who ask; what could not be opened is tried again by the next. */
export function opensOnce<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
}
