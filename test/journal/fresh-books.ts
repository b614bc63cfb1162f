import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { RiskSettings } from '../../contracts/config/schema.ts';
import type { Balance } from '../../domain/portfolio/portfolio.ts';
import type { Journal } from '../../stores/journal/port.ts';
import type { Database, Market } from '../../stores/journal/sql/database.ts';
import { createJournal } from '../../stores/journal/sql/journal.ts';
import type { Taking } from '../support/plain.ts';
import { type Adapter, type AdapterName, booksOver, opener, startAdapter } from './adapters.ts';

/** Empty books for each test of a suite, over one adapter, with a clock of their own. */
export class FreshBooks {
  now = 0;
  readonly #adapter: AdapterName;
  readonly #limits: RiskSettings | undefined;
  #server: Adapter | undefined;
  #address = '';
  #opened: Database[] = [];
  #journal: Journal | undefined;

  constructor(adapter: AdapterName, limits?: RiskSettings) {
    this.#adapter = adapter;
    this.#limits = limits;
    beforeAll(async () => {
      this.#server = await startAdapter(adapter);
    });
    afterAll(() => this.#server?.stop());
    beforeEach(() => this.fresh());
    afterEach(() => this.close());
  }

  get journal(): Taking<Journal> {
    if (!this.#journal) throw new Error('the books are not open');
    return this.#journal as Taking<Journal>;
  }

  /** Closes the books and begins with empty ones. */
  async fresh(): Promise<void> {
    if (!this.#server) throw new Error('the adapter was not started');
    await this.close();
    this.now = 1_000_000;
    this.#address = await this.#server.place();
    this.#journal = await booksOver(await this.database());
    if (this.#limits) await this.#journal.risk.adopt('main', this.#limits);
  }

  /** One more connection to the same books, as another process would have. */
  async database(market?: Partial<Market>): Promise<Database> {
    const database = await opener(this.#adapter, this.#address)(() => this.now, market);
    this.#opened.push(database);
    return database;
  }

  /** The same books through a connection of their own. */
  async again(market?: Partial<Market>): Promise<Taking<Journal>> {
    return (await createJournal(await this.database(market))) as Taking<Journal>;
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((database) => database.close()));
    this.#opened = [];
    this.#journal = undefined;
  }

  async balance(asset: string): Promise<Balance | undefined> {
    return (await this.journal.ledger.balances('main')).find((entry) => entry.asset === asset);
  }
}
