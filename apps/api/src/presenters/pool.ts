import type { GroupView, NodeView, PoolHour, PoolView } from '#libs/application';
import { rfc3339 } from '#libs/domain';
import type { NodeShown, PoolShown } from '../pools/pool-views.js';
import type { Reference } from '../reference.js';
import { kwhOf, timeOrNull } from './amounts.js';
import { figuresShown } from './figures.js';

export function poolShown(pool: PoolView, reference: Reference): PoolShown {
  const { latitude, longitude, districtId } = pool.location;
  return {
    id: pool.id,
    site: pool.siteId,
    name: pool.name,
    tier: pool.tier,
    scope: pool.scope,
    enabled: pool.enabled,
    engine: pool.engine,
    plannedEngine: pool.plannedEngine,
    simulated: pool.engine === 'simulated',
    placement: pool.placement,
    reachable: pool.reachable,
    observedAt: timeOrNull(pool.observedAt),
    location: { latitudeDegrees: latitude, longitudeDegrees: longitude, district: districtId },
    latencyOneWayMs: pool.latencyMs,
    latencyBasis: pool.latencyBasis,
    dataLevels: [...pool.dataLevels],
    assumed: pool.assumed,
    figures: figuresShown(pool.figures, reference),
    groups: pool.groups.map(groupShown),
    live: pool.live,
    lastHour: pool.lastHour && hourShown(pool.lastHour),
  };
}

const groupShown = ({ nodeTypeId, ...group }: GroupView): PoolShown['groups'][number] => ({
  ...group,
  nodeType: nodeTypeId,
});

const hourShown = (hour: PoolHour): NonNullable<PoolShown['lastHour']> => ({
  hour: rfc3339(hour.hour),
  itEnergyKwh: kwhOf(hour.itJoules),
  facilityEnergyKwh: kwhOf(hour.facilityJoules),
  greenShare: {
    hourMatched: hour.greenShareHourMatched,
    volumetric: hour.greenShareVolumetric,
    gridAverage: hour.greenShareGridAverage,
  },
  estimated: hour.estimated,
});

export const nodeShown = (node: NodeView): NodeShown => ({
  id: node.id,
  pool: node.poolId,
  group: node.groupId,
  index: node.index,
  state: node.state,
  stateReason: node.stateReason,
  stateSince: timeOrNull(node.stateSince),
  installed: node.installed,
  used: node.used,
  attempts: node.attempts.map(({ attemptId, tenantId, cards, devices }) => ({
    attemptId,
    tenant: tenantId,
    cards,
    devices: devices && [...devices],
  })),
});
