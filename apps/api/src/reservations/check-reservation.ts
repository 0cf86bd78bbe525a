import type { ReservationChange } from '#libs/application';
import { type Instant, type NodeGroup, nodeIdsOf } from '#libs/domain';
import { type FieldFault, Problem } from '#libs/http';
import type { BookingFault, BookingPart, Recurrence } from '#libs/scheduling';
import type { ReferenceCatalogue } from '../reference.js';
import type { MaintenanceBody, ReservationBody, ReservationChangeBody } from './reservation-views.js';

type Parts = ReservationBody['parts'];
type Times = Pick<ReservationBody, 'from' | 'until' | 'durationSeconds'>;
type Catalogue = Pick<ReferenceCatalogue, 'pools' | 'nodeGroups'>;
type Fault = (pointer: string, detail: string) => void;

/** Throws request-invalid with every fault of the parts: pools, groups and nodes that are not there, or too few. */
export function partsOf(parts: Parts, catalogue: Catalogue, isMaintenance: boolean): BookingPart[] {
  const faults: FieldFault[] = [];
  const fault: Fault = (pointer, detail) => void faults.push({ pointer, detail });
  const found = parts.flatMap((part, index) => resolve(part, `#/parts/${index}`, { catalogue, isMaintenance, fault }));
  const seen = new Set<string>();
  for (const { groupId, pointer } of found) {
    if (seen.has(groupId)) fault(pointer, `names group ${groupId} again: put its nodes into one part`);
    seen.add(groupId);
  }
  if (faults.length > 0) throw invalid(faults);
  return found.map(({ pointer: _pointer, ...part }) => part);
}

type Resolved = BookingPart & { readonly pointer: string };
function resolve(
  { pool: poolId, group: groupId, nodes = 'all' }: Parts[number],
  pointer: string,
  { catalogue, isMaintenance, fault }: { catalogue: Catalogue; isMaintenance: boolean; fault: Fault },
): Resolved[] {
  const pool = catalogue.pools.find((one) => one.id === poolId);
  if (!pool?.enabled) {
    fault(`${pointer}/pool`, pool ? 'is a pool that is not enabled' : 'is not a pool: see GET /v1/pools');
    return [];
  }
  const groups = catalogue.nodeGroups.filter((one) => one.poolId === poolId);
  const meant = groupId === undefined ? groups : groups.filter((one) => one.id === groupId);
  const listed = groups.map((one) => one.id).join(', ');
  if (meant.length === 0) {
    fault(`${pointer}/group`, `is not a group of pool ${poolId}, which has: ${listed}`);
    return [];
  }
  const asPart = (group: NodeGroup, of: BookingPart['nodes']): Resolved => ({
    poolId,
    groupId: group.id,
    nodes: of,
    pointer,
  });
  if (nodes === 'all') return meant.map((group) => asPart(group, 'all'));
  if (typeof nodes === 'object') return named(nodes, meant, pointer, fault).map(([group, ids]) => asPart(group, ids));
  if (isMaintenance) fault(`${pointer}/nodes`, 'is a count: a maintenance names its nodes, or takes all');
  const [group, other] = meant;
  if (!group || other) {
    fault(`${pointer}/group`, `is needed for a count of nodes: pool ${poolId} has the groups ${listed}`);
    return [];
  }
  if (nodes > group.nodes.value) fault(`${pointer}/nodes`, `is more than group ${group.id} has: ${group.nodes.value}`);
  return [asPart(group, nodes)];
}

function named(
  ids: readonly string[],
  groups: readonly NodeGroup[],
  pointer: string,
  fault: Fault,
): [NodeGroup, string[]][] {
  const left = new Set(ids);
  const found = groups.flatMap((group): [NodeGroup, string[]][] => {
    const own = nodeIdsOf(group).filter((id) => left.delete(id));
    return own.length > 0 ? [[group, own]] : [];
  });
  for (const id of left)
    fault(`${pointer}/nodes/${ids.indexOf(id)}`, `is not a node of ${groups.map((one) => one.id).join(', ')}`);
  return found;
}

/** The first occurrence; `from` is the next whole second where it is not given. */
export function stretchOf(body: Times, now: Instant): { readonly from: Instant; readonly until: Instant } {
  const from = body.from === undefined ? Math.ceil(now / 1000) * 1000 : Date.parse(body.from);
  if ((body.until === undefined) === (body.durationSeconds === undefined)) {
    throw invalid([{ pointer: '#/until', detail: 'or durationSeconds is needed, and not both' }]);
  }
  return { from, until: body.until === undefined ? from + (body.durationSeconds ?? 0) * 1000 : Date.parse(body.until) };
}

export function recurrenceOf(asked: NonNullable<MaintenanceBody['recurrence']>): Recurrence {
  const { until, weekdays, count, ...rest } = asked;
  return {
    ...rest,
    ...(weekdays && { weekdays }),
    ...(count !== undefined && { count }),
    ...(until !== undefined && { until: Date.parse(until) }),
  };
}

/** @param before the first occurrence as it stands, which a duration counts from */
export function changeOf(
  body: ReservationChangeBody,
  before: { readonly from: Instant },
  catalogue: Catalogue,
  isMaintenance: boolean,
): ReservationChange {
  if (body.until !== undefined && body.durationSeconds !== undefined) {
    throw invalid([{ pointer: '#/until', detail: 'and durationSeconds exclude each other' }]);
  }
  const from = body.from === undefined ? undefined : Date.parse(body.from);
  const length = body.durationSeconds === undefined ? undefined : (from ?? before.from) + body.durationSeconds * 1000;
  const until = body.until === undefined ? length : Date.parse(body.until);
  return {
    ...(body.name !== undefined && { name: body.name }),
    ...(from !== undefined && { from }),
    ...(until !== undefined && { until }),
    ...(body.recurrence !== undefined && { recurrence: body.recurrence && recurrenceOf(body.recurrence) }),
    ...(body.parts && { parts: partsOf(body.parts, catalogue, isMaintenance) }),
    ...(body.giveBackAfterSeconds !== undefined && { giveBackAfterSeconds: body.giveBackAfterSeconds }),
  };
}

/** What the core found, at the fields of the body. */
export const unfitProblem = (faults: readonly BookingFault[]): Problem =>
  invalid(faults.map(({ field, detail }) => ({ pointer: `#/${field.replaceAll('.', '/')}`, detail })));

export const invalid = (faults: readonly FieldFault[]): Problem =>
  new Problem('request-invalid', `${faults[0]?.pointer ?? '#'} ${faults[0]?.detail ?? ''}.`, { errors: [...faults] });
