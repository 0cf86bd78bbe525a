import { createHash } from 'node:crypto';
import {
  type CycleOutcome,
  type Dispatched,
  type Engine,
  type EngineJob,
  InProcessPlanner,
  type JobView,
  type Observed,
  PlannerMirror,
  type Principal,
  ReplayCycle,
  type Replayed,
  SubmitJob,
  type Submitted,
  defaultPolicy,
  fixedPolicy,
  noInstruments,
  noOutlook,
  type PolicySource,
} from '#libs/application';
import { type Catalogue, type Instant, type JobRequest, SECOND_MS, nodeIdsOf } from '#libs/domain';
import { FaultyEngine, type FaultyEngineOptions, SimulatedEngine } from '#libs/engines';
import {
  type Database,
  PostgresCatalogueStore,
  PostgresCycleLog,
  PostgresJobStore,
  PostgresLeaseStore,
  PostgresPlannerFeed,
  PostgresPoolStore,
  PostgresSimulatedEngineStore,
  openDatabase,
  openOrm,
} from '#libs/persistence';
import { type PoolRow, aGroup, aPool, aUuid, freshDatabase, seedMinimal, tenantKey, testEpoch } from '#libs/testing';
import { type LoopPorts, type SchedulerLife, aLoopByHand } from '../../support/loop-by-hand.js';

export interface StageWishes {
  readonly pools?: readonly PoolRow[];
  /** Real seeds in the place of two small pools; jobs are then submitted by their tenant `hust`. */
  readonly catalogue?: Catalogue;
  readonly faultOf?: FaultyEngineOptions['faultOf'];
  /** Between the simulated engine of a pool and the one that fails on purpose. */
  readonly wrap?: (poolId: string, engine: Engine) => Engine;
}
export interface Asked {
  readonly nodes?: number;
  readonly cards?: number;
  /** Of one card; the job is then of class inference. */
  readonly fraction?: number;
  readonly limitSeconds?: number;
  readonly runSeconds?: number;
  readonly outcome?: 'completed' | 'failed';
  readonly pools?: readonly string[];
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const ids = { uuid: aUuid };
const KEYFRAME_EVERY = 4;

/**
 * The way of a job on real ground: PostgreSQL, the stores and the planner of production, simulated engines that can be told to
 * fail. Time stands still unless a test moves it; the loop turns when a test turns it.
 */
export class Stage {
  now: Instant = testEpoch;
  life!: SchedulerLife;
  /** What every life of the scheduler plans by; the next cycle follows a change. */
  policy: PolicySource = fixedPolicy(defaultPolicy);
  readonly engines = new Map<string, FaultyEngine>();
  private readonly pools: ReadonlyMap<string, PoolRow>;
  private readonly submitJob: SubmitJob;
  private readonly principal: Principal;
  private lives = 0;

  private constructor(
    readonly system: Database,
    private readonly app: Database,
    private readonly props: { readonly pools: readonly PoolRow[]; readonly wishes: StageWishes; drop(): Promise<void> },
  ) {
    const { pools, wishes } = props;
    this.principal = tenantKey(wishes.catalogue ? 'hust' : 'blue');
    this.pools = new Map(pools.map((pool) => [pool.id, pool]));
    this.renewEngines();
    const host = new InProcessPlanner();
    const mirror = new PlannerMirror(new PostgresPlannerFeed(system), host, noOutlook, fixedPolicy(defaultPolicy));
    const desk = {
      admit: async (job: Parameters<InProcessPlanner['admit']>[0]) => {
        await mirror.refresh(this.now);
        return host.admit(job);
      },
    };
    const tenants = {
      find: (id: string) => ({
        id,
        homeDistrict: 'echeng',
        priority: 2,
        maxDataLevel: 'important' as const,
        sample: false,
      }),
    };
    this.submitJob = new SubmitJob({
      store: new PostgresJobStore(app),
      tenants,
      desk,
      ids,
      policy: () => defaultPolicy,
      instruments: noInstruments.jobs,
    });
  }

  static async open(wishes: StageWishes = {}): Promise<Stage> {
    const fresh = await freshDatabase();
    const pools = await seed(fresh.url, wishes);
    const system = openDatabase(fresh.url, { role: 'chusuan_system', max: 6 });
    const app = openDatabase(fresh.url, { role: 'chusuan_app', max: 2 });
    const stage = new Stage(system, app, { pools, wishes, drop: () => fresh.drop() });
    await stage.restart();
    return stage;
  }

  async close(): Promise<void> {
    await Promise.all([this.system.close(), this.app.close()]);
    await this.props.drop();
  }

  /** A scheduler of which nothing is remembered takes over; the engines go on. */
  async restart(failing: Partial<LoopPorts> = {}): Promise<SchedulerLife> {
    const { system } = this;
    const lease = new PostgresLeaseStore(system);
    if (this.life) await lease.release(this.life.holder);
    this.lives += 1;
    const holder = `scheduler ${this.lives}`;
    this.life = await aLoopByHand(system, {
      ...failing,
      holder,
      engineOf: (poolId) => this.engines.get(poolId) ?? null,
      policy: { current: () => this.policy.current() },
      keyframeEvery: KEYFRAME_EVERY,
    });
    return this.life;
  }

  /** Engines that remember nothing but what their store has. */
  renewEngines(): void {
    for (const pool of this.pools.values()) this.engines.set(pool.id, this.engineOf(pool));
  }

  async submit(asked: Asked = {}): Promise<string> {
    const outcome = await this.offer(asked);
    if (outcome.kind !== 'queued') throw new Error(`The job of this test was not taken: ${JSON.stringify(outcome)}`);
    return outcome.body.id;
  }
  offer(asked: Asked): Promise<Submitted> {
    return this.submitJob.execute({
      principal: this.principal,
      tenant: null,
      request: requestOf(asked),
      now: this.now,
      channel: 'api',
      idempotency: null,
    });
  }

  pass(seconds: number): void {
    this.now += seconds * SECOND_MS;
  }
  plan(): Promise<CycleOutcome> {
    return this.life.cycle.execute(this.life.epoch, this.now);
  }
  dispatch(): Promise<Dispatched> {
    return this.life.dispatch.execute(() => this.now);
  }
  observe(): Promise<Observed> {
    return this.life.observe.execute(this.now);
  }
  /** One turn of the loop. */
  async turn(): Promise<void> {
    await this.plan();
    await this.dispatch();
    await this.observe();
  }
  /** What was put off for a retry, or claimed by a scheduler that died, comes due. */
  async outboxComesDue(): Promise<void> {
    await this.system.query('update outbox set due_wall = clock_timestamp() where done_wall is null');
  }

  async job(id: string): Promise<JobView> {
    const job = await new PostgresJobStore(this.app).get(this.principal, id);
    if (!job) throw new Error(`no job ${id}`);
    return job;
  }
  async eventsOf(id: string): Promise<readonly string[]> {
    return (await new PostgresJobStore(this.app).events(this.principal, id, 0))?.map((event) => event.kind) ?? [];
  }
  async cancel(id: string): Promise<string> {
    return (await new PostgresJobStore(this.app).cancel(this.principal, id, this.now)).kind;
  }
  async setNode(nodeId: string, state: 'up' | 'down' | 'drained'): Promise<void> {
    await new PostgresPoolStore(this.system).setNodeState({
      nodeId,
      state,
      reason: 'test',
      at: this.now,
      actor: 'operator:test',
    });
  }
  /** What the engine itself says of all it ever ran, past the faults of the test. */
  async atEngine(poolId: string): Promise<readonly EngineJob[]> {
    return this.freshEngine(poolId).observe(0, this.now);
  }

  /** Plans every recorded cycle again. */
  async replays(): Promise<readonly Replayed[]> {
    const { rows } = await this.system.query<{ cycle: number }>('select cycle from cycle_record order by cycle');
    const replay = new ReplayCycle(new PostgresCycleLog(this.system), sha256);
    const replayed: Replayed[] = [];
    for (const { cycle } of rows) replayed.push(await replay.execute(cycle));
    return replayed;
  }

  /** Nodes and groups whose counts differ from what living attempts hold, or exceed what is installed. */
  async overfull(): Promise<readonly unknown[]> {
    const { rows } = await this.system.query(
      `select n.id from node n left join (
         select p.node_id, sum(p.cards) as cards from placement_node p join attempt a on a.id = p.attempt_id
         where a.placement = 'pinned' and a.state in ('placed', 'prepared', 'released', 'running') group by 1) held on held.node_id = n.id
       where not exists (select from device d where d.node_id = n.id) and n.used_cards <> coalesce(held.cards, 0)
         or n.used_cards > n.installed_cards
       union all
       select d.node_id from device d left join (
         select p.node_id, i as index, sum(a.held_milli) as milli from placement_node p join attempt a on a.id = p.attempt_id, unnest(p.devices) i
         where a.state in ('placed', 'prepared', 'released', 'running') group by 1, 2) held on held.node_id = d.node_id and held.index = d.index
       where d.used_milli <> coalesce(held.milli, 0)
       union all
       select g.id from node_group g left join (
         select group_id, sum(nodes * cards) as cards from attempt
         where placement = 'delegated' and state in ('placed', 'prepared', 'released', 'running') group by 1) held on held.group_id = g.id
       where g.allocated_cards <> coalesce(held.cards, 0)`,
    );
    return rows;
  }

  private engineOf(pool: PoolRow): FaultyEngine {
    const inner = this.props.wishes.wrap?.(pool.id, simulated(pool, this.system)) ?? simulated(pool, this.system);
    return new FaultyEngine(inner, {
      poolId: pool.id,
      ...(this.props.wishes.faultOf && { faultOf: this.props.wishes.faultOf }),
    });
  }
  private freshEngine(poolId: string): Engine {
    const pool = this.pools.get(poolId);
    if (!pool) throw new Error(`no pool ${poolId}`);
    return simulated(pool, this.system);
  }
}

async function seed(url: string, { pools, catalogue }: StageWishes): Promise<readonly PoolRow[]> {
  if (!catalogue) return (await seedMinimal(url, pools && { pools })).pools;
  const orm = await openOrm(url, 'chusuan_system');
  try {
    const stored = await new PostgresCatalogueStore(orm).store(catalogue, { enable: [] });
    if (stored.kind !== 'stored') throw new Error(`The seeds were refused: ${stored.problems.join('; ')}`);
  } finally {
    await orm.close();
  }
  return catalogue.pools
    .filter((pool) => pool.enabled)
    .map(({ id, placement }) => {
      const groups = catalogue.nodeGroups.filter((group) => group.poolId === id);
      return aPool(id, {
        placement,
        groups: groups.map(({ id: groupId, nodes, shape }) => aGroup(groupId, { nodes: nodes.value, shape })),
      });
    });
}

function simulated(pool: PoolRow, system: Database): Engine {
  const nodes = pool.groups.flatMap((group) =>
    nodeIdsOf({ id: group.id, nodes: { value: group.nodes } }).map((id) => ({
      id,
      groupId: group.id,
      shape: group.shape,
    })),
  );
  const parts = {
    pool: { id: pool.id, placement: pool.placement, nodes },
    store: new PostgresSimulatedEngineStore(system),
    ids,
  };
  return new SimulatedEngine(parts);
}

const requestOf = (asked: Asked): JobRequest => ({
  name: 'fold',
  class: asked.fraction === undefined ? 'training' : 'inference',
  resources: {
    nodes: asked.nodes ?? 1,
    acceleratorsPerNode: asked.cards ?? (asked.fraction === undefined ? 8 : 1),
    ...(asked.fraction !== undefined && { acceleratorFraction: asked.fraction }),
  },
  timeLimitSeconds: asked.limitSeconds ?? 3600,
  constraints: { pools: asked.pools ?? ['pinned'] },
  run: {
    image: 'registry.local/fold:1',
    simulated: { runSeconds: asked.runSeconds ?? 600, outcome: asked.outcome ?? 'completed' },
  },
});
