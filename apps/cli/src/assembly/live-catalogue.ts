import { type SiteBook, type SubmittingTenant, type TenantDirectory, siteBooks } from '#libs/application';
import type { Catalogue } from '#libs/domain';
import { type Database, PostgresCatalogueStore, PostgresPoolStore, catalogueVersion, openOrm } from '#libs/persistence';

type EnginePools = Awaited<ReturnType<PostgresPoolStore['engines']>>;

const LOOK_EVERY_MS = 2_000;

/**
 * The catalogue as stored, followed while the process runs: a planner who seeds again is heard within seconds, by settlement,
 * quotes and engines alike. Maps keep their identity, so that whoever holds one sees the new content.
 */
export class LiveCatalogue {
  readonly books = new Map<string, SiteBook>();
  readonly tenants: TenantDirectory = { find: (id) => this.tenantById.get(id) ?? null };
  private readonly tenantById = new Map<string, SubmittingTenant>();
  private readonly listeners: (() => Promise<void>)[] = [];
  private timer: NodeJS.Timeout | null = null;
  private looking: Promise<void> | null = null;
  private version = '';
  private stored: { readonly catalogue: Catalogue; readonly pools: EnginePools } | null = null;

  constructor(
    private readonly url: string,
    private readonly system: Database,
  ) {}

  get catalogue(): Catalogue {
    return this.loaded().catalogue;
  }
  /** Pools that are served: enabled, or switched off and not yet empty. */
  get pools(): EnginePools {
    return this.loaded().pools;
  }

  /** Called after each change, one after the other. */
  onChange(listener: () => Promise<void>): void {
    this.listeners.push(listener);
  }

  async load(): Promise<void> {
    this.version = await catalogueVersion(this.system);
    const orm = await openOrm(this.url);
    try {
      const catalogue = await new PostgresCatalogueStore(orm).load();
      const pools = await new PostgresPoolStore(this.system).engines();
      this.replace(catalogue, pools);
    } finally {
      await orm.close();
    }
  }

  /** @param onError told once a failed look; the next one tries again */
  follow(onError: (error: unknown) => void): void {
    this.timer = setInterval(() => {
      this.looking ??= this.look()
        .catch(onError)
        .finally(() => {
          this.looking = null;
        });
    }, LOOK_EVERY_MS);
  }

  async close(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.looking;
  }

  private async look(): Promise<void> {
    if ((await catalogueVersion(this.system)) === this.version) return;
    await this.load();
    for (const listener of this.listeners) await listener();
  }

  private replace(catalogue: Catalogue, pools: EnginePools): void {
    const books = siteBooks(catalogue, new Set(pools.map((pool) => pool.poolId)));
    this.stored = { catalogue, pools };
    this.books.clear();
    for (const [siteId, book] of books) this.books.set(siteId, book);
    this.tenantById.clear();
    for (const tenant of catalogue.tenants) {
      this.tenantById.set(tenant.id, {
        id: tenant.id,
        homeDistrict: tenant.homeDistrict,
        priority: tenant.priorityClass.value,
        maxDataLevel: tenant.maxDataLevel.level,
        sample: tenant.sample,
      });
    }
  }

  private loaded(): NonNullable<LiveCatalogue['stored']> {
    if (!this.stored) throw new Error('The catalogue was asked before it was loaded: await load() first.');
    return this.stored;
  }
}
