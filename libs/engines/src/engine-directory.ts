import type { Engine, EngineDirectory } from '#libs/application';

/** What the directory must know of a pool; factories get the whole thing. */
export interface PoolWithEngine {
  readonly poolId: string;
  /** The kind of engine, a key of the factories. */
  readonly engine: string;
}
export type EngineFactories<P extends PoolWithEngine> = Readonly<Record<string, (pool: P) => Engine>>;

export interface RenewableEngineDirectory extends EngineDirectory {
  /**
   * Builds every engine anew, for the pools as they are now; throws EngineMissing as at the start, and keeps the old ones then. To be called when a scheduler gains the lease: another one may have spoken for the pools since,
   * and what an engine remembers from before is then out of date.
   */
  renew(): void;
}

/**
 * One engine a pool; pools that change are given as a function, and `renew` follows them. Throws EngineMissing at once, naming
 * every pool without an engine, rather than at its first job.
 */
export function engineDirectory<P extends PoolWithEngine>(
  pools: readonly P[] | (() => readonly P[]),
  factories: EngineFactories<P>,
): RenewableEngineDirectory {
  const build = (): ReadonlyMap<string, Engine> => {
    const current = typeof pools === 'function' ? pools() : pools;
    const faults = [...orphans(current, factories), ...twins(current)];
    if (faults.length > 0) throw new EngineMissing(faults);
    const engines = new Map<string, Engine>();
    for (const pool of current) {
      const engine = factories[pool.engine]?.(pool);
      if (engine) engines.set(pool.poolId, engine);
    }
    return engines;
  };
  let engines = build();
  return {
    of: (poolId) => engines.get(poolId) ?? null,
    renew: () => {
      engines = build();
    },
  };
}

export class EngineMissing extends Error {
  readonly code = 'engine-missing';

  constructor(readonly faults: readonly string[]) {
    super(
      `${faults.join('\n')}\n` +
        '- set engine.kind of the pool to one that is set up here, or\n- disable the pool (enabled: false) to plan without it',
    );
  }
}

function orphans<P extends PoolWithEngine>(pools: readonly P[], factories: EngineFactories<P>): readonly string[] {
  const kinds = Object.keys(factories).sort().join(', ') || 'none';
  return pools
    .filter((pool) => !Object.hasOwn(factories, pool.engine))
    .map((pool) => `pools.${pool.poolId}.engine: no engine of kind "${pool.engine}"; set up here: ${kinds}`);
}

function twins(pools: readonly PoolWithEngine[]): readonly string[] {
  const seen = new Set<string>();
  const twice = pools.filter(({ poolId }) => seen.has(poolId) || !seen.add(poolId));
  return twice.map(({ poolId }) => `pools.${poolId}: listed twice; one engine serves one pool`);
}
