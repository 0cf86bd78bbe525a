import { compareKeys, type NodeState } from '#libs/domain';
import { CounterProfile } from './counter-profile.js';
import { DeviceProfile } from './device-profile.js';
import { type Candidate, nodeCount } from './filters.js';
import { MixCount } from './fragmentation.js';
import { type Held, Holdings } from './holdings.js';
import type { Ground, JobKind } from './job-kinds.js';
import type {
  GroupModel,
  LinkModel,
  OutlookModel,
  PlanningPolicy,
  PoolModel,
  PowerCapModel,
  RunningJob,
  Seconds,
  Snapshot,
  TenantModel,
  WindowModel,
} from './model.js';
import { NodeProfile } from './node-profile.js';
import type { Profile, Undo } from './profile.js';
import { linksOf } from './staging.js';
import { membersOf, parentsOf } from './tenancy.js';
import { askOf, capacityOf } from './vector.js';

/** Pools, node groups with their profiles, and what runs there. Groups go by index, in the order of their ids. */
export class Fleet implements Ground {
  readonly profiles: readonly Profile[];
  readonly candidates: Candidate[];
  version = 0;
  /** Changes whenever what a pool is does: what nothing but an amended request changes may then have changed all the same. */
  poolsVersion = 0;
  /** Changes whenever a tenant may have come to reach other pools: then kinds of jobs are no longer what they were. */
  tenancyVersion = 0;
  /** Changes whenever a window does. */
  windowsVersion = 0;
  /** Changes whenever a power cap does. */
  capsVersion = 0;
  /** Changes whenever an outlook does. */
  outlooksVersion = 0;
  dearest = 0;
  readonly links: readonly LinkModel[];
  private readonly groupIndex: ReadonlyMap<string, number>;
  private readonly holdings: Holdings;
  private readonly windows = new Map<string, WindowModel>();
  private readonly windowsUntil: Seconds[] = [];
  private readonly states: Map<number, NodeState>[];
  private readonly outlooks = new Map<string, OutlookModel>();
  private parents: ReadonlyMap<string, string | null> = new Map();
  private readonly reaches = new Map<string, string>();
  readonly powerCaps = new Map<string, PowerCapModel>();

  constructor(
    snapshot: Pick<Snapshot, 'pools' | 'groups' | 'links' | 'powerCaps'>,
    runTimes: PlanningPolicy['runTimes'] = 'limit',
  ) {
    this.links = snapshot.links ?? [];
    for (const cap of snapshot.powerCaps ?? []) this.powerCaps.set(cap.id, cap);
    const pools = new Map(snapshot.pools.map((pool) => [pool.id, pool]));
    const groups = snapshot.groups.toSorted((a, b) => compareKeys(a.id, b.id));
    this.groupIndex = new Map(groups.map((group, index) => [group.id, index]));
    this.candidates = groups.map((group) => {
      const pool = pools.get(group.poolId);
      if (!pool)
        throw new Error(`group ${group.id} belongs to pool ${group.poolId}, which is not in the snapshot: add it`);
      const links = linksOf(pool.siteId, this.links);
      return this.opened({ group, pool, installed: nodeCount(group), up: nodeCount(group), links });
    });
    this.profiles = groups.map((group) =>
      typeof group.nodes === 'number'
        ? new CounterProfile(group.nodes)
        : group.sharing
          ? new DeviceProfile(group.nodes.length, capacityOf(group.shape), group.sharing.slices, group.blocks)
          : new NodeProfile(group.nodes.length, capacityOf(group.shape), group.blocks),
    );
    this.states = groups.map(() => new Map<number, NodeState>());
    const capacities = groups.map((group) => capacityOf(group.shape));
    this.holdings = new Holdings(this.profiles, capacities, runTimes);
  }

  group(index: number): GroupModel {
    return this.candidates[index]!.group;
  }

  outlookAt(index: number): OutlookModel | undefined {
    return this.outlooks.get(this.candidates[index]!.pool.siteId);
  }

  attempts(): Iterable<RunningJob> {
    return this.holdings.attempts();
  }

  /** Changes whenever something begins or ends to hold nodes. */
  get holdingsVersion(): number {
    return this.holdings.version;
  }

  /** Milliseconds of whole nodes that are held in each group from now until the limits; what is past its limit counts one second. */
  nodeMilliseconds(now: Seconds): Float64Array {
    return this.holdings.nodeMilliseconds(now);
  }

  /** Attempts whose nodes are known, in the order of their ids. */
  held(isWanted: (held: Held) => boolean): Held[] {
    return this.holdings.held(isWanted);
  }

  /** Takes an attempt out of its profile until undone. */
  withdraw(attemptId: string): Undo {
    return this.holdings.withdraw(attemptId);
  }

  indexOf(groupId: string): number {
    const index = this.groupIndex.get(groupId);
    if (index === undefined)
      throw new Error(`group ${groupId} is not in the planner's state: start it again from a fresh snapshot`);
    return index;
  }

  /** Holds the nodes of an attempt; what was known of it before is replaced. */
  place(attempt: RunningJob): void {
    const index = this.indexOf(attempt.groupId);
    this.checkNodes(index, attempt.nodeIndices, `attempt ${attempt.attemptId}`);
    this.holdings.place(attempt, index, this.isAdrift(attempt));
  }

  end(attemptId: string): void {
    this.holdings.end(attemptId);
  }

  setNodeState(groupId: string, node: number, state: NodeState): void {
    const index = this.indexOf(groupId);
    this.checkNodes(index, [node], 'a node state');
    const states = this.states[index]!;
    if ((states.get(node) ?? 'up') === state) return;
    if (state === 'up') states.delete(node);
    else states.set(node, state);
    this.profiles[index]!.setOut(new Set(states.keys()));
    const candidate = this.candidates[index]!;
    this.candidates[index] = { ...candidate, up: candidate.installed - states.size };
    this.version++;
  }

  setReachable(poolId: string, reachable: boolean): void {
    let isKnown = false;
    this.candidates.forEach((candidate, index) => {
      if (candidate.pool.id !== poolId) return;
      isKnown = true;
      this.candidates[index] = { ...candidate, pool: { ...candidate.pool, reachable } };
    });
    if (isKnown) this.version++;
  }

  /** Replaces all that is known of a pool but its groups; a pool without groups here is nobody's concern. */
  setPool(pool: PoolModel): void {
    let isKnown = false;
    let isOpenedOtherwise = false;
    this.candidates.forEach((candidate, index) => {
      if (candidate.pool.id !== pool.id) return;
      isKnown = true;
      isOpenedOtherwise ||= !sameLists(candidate.pool.tenants, pool.tenants);
      this.candidates[index] = this.opened({ ...candidate, pool, links: linksOf(pool.siteId, this.links) });
    });
    if (!isKnown) return;
    this.version++;
    this.poolsVersion++;
    if (isOpenedOtherwise) this.forgetReaches();
  }

  /** Takes the tenant tree; use, weights and quotas are of no concern here. */
  setTenants(tenants: readonly TenantModel[]): void {
    const parents = parentsOf(tenants);
    if (parents.size === this.parents.size && [...parents].every(([id, parent]) => this.parents.get(id) === parent)) {
      return;
    }
    this.parents = parents;
    if (!this.candidates.some(({ pool }) => pool.tenants)) return;
    this.candidates.forEach((candidate, index) => {
      this.candidates[index] = this.opened(candidate);
    });
    this.version++;
    this.poolsVersion++;
    this.forgetReaches();
  }

  reachOf(tenantId: string): string {
    let reach = this.reaches.get(tenantId);
    if (reach === undefined) {
      const open = this.candidates.flatMap(({ openTo }, index) => (openTo?.has(tenantId) ? [index] : []));
      reach = open.join(',');
      this.reaches.set(tenantId, reach);
    }
    return reach;
  }

  setPowerCap(cap: PowerCapModel): void {
    this.powerCaps.set(cap.id, cap);
    this.capsVersion++;
  }

  dropPowerCap(capId: string): void {
    if (this.powerCaps.delete(capId)) this.capsVersion++;
  }

  /** A tenant and those above it. */
  lineOf(tenantId: string): readonly string[] {
    const line: string[] = [];
    for (let id: string | null = tenantId; id !== null && !line.includes(id); id = this.parents.get(id) ?? null)
      line.push(id);
    return line;
  }

  setWindow(window: WindowModel): void {
    const index = this.indexOf(window.groupId);
    this.checkNodes(index, window.nodeIndices, `window ${window.id}`);
    this.dropWindow(window.id);
    this.windows.set(window.id, window);
    this.spreadWindows(index);
  }

  dropWindow(windowId: string): void {
    const window = this.windows.get(windowId);
    if (!window) return;
    this.windows.delete(windowId);
    this.spreadWindows(this.indexOf(window.groupId));
  }

  /** One outlook a site; the one that begins later is the newer. */
  setOutlook(outlook: OutlookModel): void {
    const known = this.outlooks.get(outlook.siteId);
    if (known && known.from > outlook.from) return;
    this.outlooks.set(outlook.siteId, outlook);
    this.outlooksVersion++;
    this.dearest = 0;
    for (const { yuanPerKwh } of this.outlooks.values()) {
      for (const yuan of yuanPerKwh) this.dearest = Math.max(this.dearest, yuan);
    }
  }

  /** Brings the profiles to an instant; the undo takes back what holds for that instant only. */
  settle(now: Seconds): Undo {
    for (const profile of this.profiles) profile.turnTo(now);
    return this.holdings.settle(now);
  }

  /** Tells groups that share cards what they are for: what waits for them and what runs in them. */
  heedMix(kinds: readonly JobKind[]): void {
    this.profiles.forEach((profile, index) => {
      if (!(profile instanceof DeviceProfile)) return;
      const { id, sharing } = this.group(index);
      const mix = new MixCount(sharing!.slices);
      for (const kind of kinds) {
        if (kind.waiting > 0 && kind.eligible.includes(index)) mix.add(kind.ask.perNode, kind.waiting * kind.ask.nodes);
      }
      for (const attempt of this.holdings.attempts()) {
        if (attempt.groupId === id) mix.add(askOf(attempt.perNode), attempt.nodeCount);
      }
      profile.setMix(mix.total());
    });
  }

  /** Takes all windows away until undone. */
  liftWindows(): Undo {
    if (this.windows.size === 0) return () => {};
    const undos = this.profiles.map((profile) => profile.liftWindows());
    return () => {
      for (const undo of undos) undo();
    };
  }

  allWindows(): readonly WindowModel[] {
    return [...this.windows.values()];
  }

  /** Whether a window of the group has not ended: what runs into it may not start. */
  hasWindowsIn(index: number, now: Seconds): boolean {
    return (this.windowsUntil[index] ?? -Infinity) > now;
  }

  hasWindows(): boolean {
    return this.windows.size > 0;
  }

  /** The fleet's part of a snapshot, sorted. */
  picture(): Pick<Snapshot, 'nodeStates' | 'windows' | 'running' | 'outlooks' | 'links' | 'powerCaps'> {
    return {
      nodeStates: this.states.flatMap((states, index) =>
        [...states]
          .sort(([a], [b]) => a - b)
          .map(([node, state]) => ({ groupId: this.group(index).id, index: node, state })),
      ),
      windows: [...this.windows.values()].sort((a, b) => compareKeys(a.id, b.id)),
      running: [...this.holdings.attempts()].sort((a, b) => compareKeys(a.attemptId, b.attemptId)),
      outlooks: [...this.outlooks.values()].sort((a, b) => compareKeys(a.siteId, b.siteId)),
      ...(this.links.length > 0 && {
        links: this.links.toSorted(
          (a, b) => compareKeys(a.fromSiteId, b.fromSiteId) || compareKeys(a.toSiteId, b.toSiteId),
        ),
      }),
      ...(this.powerCaps.size > 0 && {
        powerCaps: [...this.powerCaps.values()].sort((a, b) => compareKeys(a.id, b.id)),
      }),
    };
  }

  private opened({ openTo: _before, ...candidate }: Candidate): Candidate {
    const { tenants } = candidate.pool;
    return tenants ? { ...candidate, openTo: membersOf(tenants, this.parents) } : candidate;
  }

  private forgetReaches(): void {
    this.reaches.clear();
    this.tenancyVersion++;
  }

  private isAdrift(attempt: RunningJob): boolean {
    const { nodes, sharing } = this.group(this.indexOf(attempt.groupId));
    if (typeof nodes === 'number') return false;
    return attempt.nodeIndices.length === 0 || (sharing !== undefined && !attempt.devices);
  }

  private spreadWindows(index: number): void {
    const groupId = this.group(index).id;
    const windows = [...this.windows.values()].filter((window) => window.groupId === groupId);
    this.profiles[index]!.setWindows(windows);
    this.windowsUntil[index] = windows.reduce((last, window) => Math.max(last, window.until), -Infinity);
    this.windowsVersion++;
  }

  private checkNodes(index: number, nodes: readonly number[], what: string): void {
    const { group, installed } = this.candidates[index]!;
    const stray = nodes.find((node) => !Number.isInteger(node) || node < 0 || node >= installed);
    if (stray === undefined) return;
    throw new Error(
      `${what} names node ${stray} of group ${group.id}, which has ${installed}: indices count from 0; ` +
        'start the planner again from a fresh snapshot if nodes were added',
    );
  }
}

const sameLists = (a: readonly string[] | undefined, b: readonly string[] | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && a.join('\n') === b.join('\n'));
