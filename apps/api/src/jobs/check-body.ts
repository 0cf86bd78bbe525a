import { DAY_MS, type Instant, type JobClass, type JobRequest, dataLevels, rfc3339 } from '#libs/domain';
import { type FieldFault, Problem, nearestWord } from '#libs/http';
import type { Reference } from '../reference.js';
import type { JobBody } from './job-body.js';

const FARTHEST_MS = 366 * DAY_MS;

/** The body as a request of the domain: times become epoch ms. Throws request-invalid for what no single field can tell. */
export function jobRequestOf(body: JobBody, reference: Reference, now: Instant): JobRequest {
  const faults = [
    ...timeFaults(body, now),
    ...acceleratorFaults(body, reference),
    ...fractionFaults(body),
    ...nodesFaults(body),
    ...placeFaults(body, reference),
    ...dataFaults(body, reference),
    ...runFaults(body),
  ];
  if (faults.length > 0) {
    throw new Problem('request-invalid', `${faults[0]?.pointer ?? '#'} ${faults[0]?.detail ?? ''}`, { errors: faults });
  }
  const { earliestStart, deadline, ...constraints } = body.constraints ?? {};
  const { acceleratorsPerNode = 1, nodes, ...resources } = body.resources;
  return {
    name: body.name,
    class: body.class,
    resources: { ...nodesOf(nodes), acceleratorsPerNode, ...resources },
    timeLimitSeconds: body.timeLimitSeconds,
    ...(body.inputs && { inputs: body.inputs }),
    ...(body.constraints && {
      constraints: {
        ...constraints,
        ...(earliestStart !== undefined && { earliestStartMs: Date.parse(earliestStart) }),
        ...(deadline !== undefined && { deadlineMs: Date.parse(deadline) }),
      },
    }),
    ...(body.flexibility && { flexibility: body.flexibility }),
    run: body.run,
    ...(body.labels && { labels: body.labels }),
  };
}

const nodesOf = (nodes: JobBody['resources']['nodes']): { nodes: number; nodesMax?: number } => {
  if (typeof nodes === 'number') return { nodes };
  return nodes.max > nodes.min ? { nodes: nodes.min, nodesMax: nodes.max } : { nodes: nodes.min };
};

function timeFaults({ constraints, timeLimitSeconds }: JobBody, now: Instant): FieldFault[] {
  const earliest = constraints?.earliestStart === undefined ? undefined : Date.parse(constraints.earliestStart);
  const deadline = constraints?.deadline === undefined ? undefined : Date.parse(constraints.deadline);
  const faults: FieldFault[] = [];
  const fault = (field: string, detail: string): void =>
    void faults.push({ pointer: `#/constraints/${field}`, detail });
  const latest = now + FARTHEST_MS;
  if (earliest !== undefined && earliest > latest) fault('earliestStart', 'is more than 366 days ahead');
  if (deadline !== undefined && deadline > latest) fault('deadline', 'is more than 366 days ahead');
  if (deadline === undefined) return faults;
  if (deadline <= now) fault('deadline', `has passed: service time is ${rfc3339(now)}`);
  else if (earliest !== undefined && earliest >= deadline) fault('deadline', 'is not after earliestStart');
  else if (Math.max(now, earliest ?? now) + timeLimitSeconds * 1000 > deadline) {
    const soonest = rfc3339(Math.max(now, earliest ?? now) + timeLimitSeconds * 1000);
    fault('deadline', `cannot be met: even started at once, a limit of ${timeLimitSeconds} s ends at ${soonest}`);
  }
  return faults;
}

function acceleratorFaults({ resources }: JobBody, reference: Reference): FieldFault[] {
  const faults = (resources.acceleratorModels ?? []).flatMap((model, index): FieldFault[] =>
    reference.acceleratorModels.has(model)
      ? []
      : [
          {
            pointer: `#/resources/acceleratorModels/${index}`,
            detail: unknownId('accelerator model', model, reference.acceleratorModels),
          },
        ],
  );
  if (resources.acceleratorsPerNode !== 0) return faults;
  for (const field of ['acceleratorModels', 'minAcceleratorMemoryGiB'] as const) {
    if (resources[field] !== undefined)
      faults.push({ pointer: `#/resources/${field}`, detail: 'needs acceleratorsPerNode of at least 1' });
  }
  return faults;
}

const sharers: readonly JobClass[] = ['inference', 'interactive'];

function fractionFaults({ class: jobClass, resources }: JobBody): FieldFault[] {
  const { acceleratorsPerNode, acceleratorFraction } = resources;
  const fault = (field: string, detail: string): FieldFault => ({ pointer: `#/resources/${field}`, detail });
  if (acceleratorFraction === undefined) return [];
  const faults: FieldFault[] = [];
  if (acceleratorsPerNode !== undefined && acceleratorsPerNode !== 1) {
    const detail = `is ${acceleratorsPerNode}, and a fraction is of one card: leave it out beside acceleratorFraction, or give 1`;
    faults.push(fault('acceleratorsPerNode', detail));
  }
  if (!sharers.includes(jobClass)) {
    const detail = `is for jobs of class ${sharers.join(' or ')}, and this one is ${jobClass}: ask for whole cards`;
    faults.push(fault('acceleratorFraction', detail));
  }
  return faults;
}

function placeFaults({ constraints }: JobBody, reference: Reference): FieldFault[] {
  const faults = (constraints?.pools ?? []).flatMap((pool, index): FieldFault[] =>
    reference.poolIds.has(pool)
      ? []
      : [{ pointer: `#/constraints/pools/${index}`, detail: unknownId('pool', pool, reference.poolIds) }],
  );
  const district = constraints?.fromDistrict;
  if (district !== undefined && !reference.districtIds.has(district)) {
    faults.push({
      pointer: '#/constraints/fromDistrict',
      detail: unknownId('district', district, reference.districtIds),
    });
  }
  return faults;
}

function nodesFaults({ resources: { nodes } }: JobBody): FieldFault[] {
  if (typeof nodes === 'number' || nodes.min <= nodes.max) return [];
  return [{ pointer: '#/resources/nodes/max', detail: `is below min: ${nodes.max} < ${nodes.min}` }];
}

/** Where data is, and that its level and its site agree with the rest. */
function dataFaults({ inputs = [], constraints }: JobBody, reference: Reference): FieldFault[] {
  const faults = inputs.flatMap(({ site }, index): FieldFault[] =>
    reference.siteIds.has(site)
      ? []
      : [{ pointer: `#/inputs/${index}/site`, detail: unknownId('site', site, reference.siteIds) }],
  );
  const level = constraints?.dataLevel ?? 'general';
  inputs.forEach(({ dataLevel = level }, index) => {
    if (dataLevels.indexOf(dataLevel) <= dataLevels.indexOf(level)) return;
    const detail = `is above the data level of the job (${level}): set constraints.dataLevel to ${dataLevel}`;
    faults.push({ pointer: `#/inputs/${index}/dataLevel`, detail });
  });
  const { dataSite, pools } = constraints ?? {};
  if (dataSite === undefined) return faults;
  const fault = (detail: string): FieldFault => ({ pointer: '#/constraints/dataSite', detail });
  if (!reference.siteIds.has(dataSite)) return [...faults, fault(unknownId('site', dataSite, reference.siteIds))];
  if (!pools || pools.some((pool) => (reference.siteOf(pool) ?? dataSite) === dataSite)) return faults;
  const sites = [...new Set(pools.map((pool) => reference.siteOf(pool)))].join(', ');
  return [...faults, fault(`leaves none of the pools listed: they are at ${sites}`)];
}

function runFaults({ run }: JobBody): FieldFault[] {
  if (run.command !== undefined && run.script !== undefined) {
    return [{ pointer: '#/run/script', detail: 'cannot be given together with command; choose one' }];
  }
  if (run.command === undefined && run.script === undefined && run.image === undefined) {
    return [{ pointer: '#/run', detail: 'needs a command, a script, or an image that brings its own' }];
  }
  return [];
}

export function unknownId(what: string, id: string, known: ReadonlySet<string>): string {
  const near = nearestWord(id, known);
  const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
  return `there is no ${what} "${id}".${hint} There are: ${[...known].join(', ')}`;
}
