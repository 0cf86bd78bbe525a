import { basename, join } from 'node:path';
import { type DemandPlan, PlayDemand, samplePlan, tracePlan } from '#libs/application';
import { loadTraceMappings, readTrace, renderFaults, renderTraceFaults, type TraceMappingFile } from '#libs/config';
import { PostgresDemandRunStore, PostgresJobStore } from '#libs/persistence';
import { SampleDemand, chooseMapping, readSwf } from '#libs/simulation';
import { CliError } from '../exit.js';
import { type Foundation, ids } from './foundation.js';

export type DemandChoice =
  | { readonly kind: 'empty' }
  | { readonly kind: 'sample' }
  | { readonly kind: 'trace'; readonly file: string; readonly mapping: string | null; readonly skipSeconds: number };
export interface AssembledDemand {
  readonly play: PlayDemand | null;
  /** One line for the banner. */
  readonly label: string;
}

/** The same city each time: a demonstration that two people talk about should be the same demonstration. */
const SAMPLE_SEED = 'chusuan';

export async function assembleDemand(
  foundation: Foundation,
  choice: DemandChoice,
  seedsDir: string,
): Promise<AssembledDemand> {
  if (choice.kind === 'empty') return { play: null, label: 'none (--empty): submit jobs of your own' };
  if (choice.kind === 'sample') {
    const options = { seed: SAMPLE_SEED };
    const plan = samplePlan(new SampleDemand(foundation.live.catalogue, options), options);
    return {
      play: await begin(foundation, plan),
      label: 'generated from the sample tenants 样例需求, marked as a sample everywhere',
    };
  }
  const { plan, label } = await traceOf(foundation, choice, seedsDir);
  return { play: await begin(foundation, plan), label };
}

async function traceOf(
  foundation: Foundation,
  choice: Extract<DemandChoice, { kind: 'trace' }>,
  seedsDir: string,
): Promise<{ plan: DemandPlan; label: string }> {
  const read = await readTrace(choice.file, (text) => readSwf(text, { mode: 'strict' }));
  if (read.kind === 'faults') {
    throw new CliError(
      'usage',
      `${choice.file} cannot be replayed: ${read.count} fault(s).\n${renderTraceFaults(read)}`,
    );
  }
  const mapping = await mappingOf(choice, read.header, seedsDir);
  const name = basename(choice.file);
  const { plan, report } = tracePlan(
    { name, jobs: read.jobs, mapping, skipSeconds: choice.skipSeconds },
    foundation.live.catalogue,
  );
  const left = report.withoutWork + report.tooLarge + report.beforeStart;
  const notes = [
    `${report.mapped} of ${report.read} jobs by mapping "${mapping.id}"`,
    ...(report.clipped > 0 ? [`${report.clipped} made smaller to fit`] : []),
    ...(left > 0 ? [`${left} left out`] : []),
  ];
  return { plan, label: `${name}: ${notes.join(', ')}` };
}

async function mappingOf(
  choice: Extract<DemandChoice, { kind: 'trace' }>,
  header: ReadonlyMap<string, string>,
  seedsDir: string,
): Promise<TraceMappingFile> {
  const directory = join(seedsDir, 'traces');
  const loaded = await loadTraceMappings(directory);
  if (loaded.kind === 'faults')
    throw new CliError('usage', `The mappings in ${directory} have faults:\n${renderFaults(loaded.faults)}`);
  const known = loaded.mappings.map((mapping) => mapping.id);
  const found =
    choice.mapping === null
      ? chooseMapping(loaded.mappings, { file: basename(choice.file), header })
      : (loaded.mappings.find((mapping) => mapping.id === choice.mapping) ?? null);
  if (found) return found;
  throw new CliError(
    'usage',
    `${directory} has no mapping "${choice.mapping ?? 'that fits this log'}": there are ${known.join(', ') || 'none'}. Name one with --mapping, or add a file.`,
  );
}

async function begin(foundation: Foundation, plan: DemandPlan): Promise<PlayDemand> {
  const ports = {
    store: new PostgresDemandRunStore(foundation.system),
    tenants: foundation.live.tenants,
    history: new PostgresJobStore(foundation.app),
    ids,
    policy: () => foundation.policy.current().planning,
  };
  const begun = await PlayDemand.begin(plan, ports, foundation.time.now(), { clockRate: foundation.time.rate });
  if (begun.kind === 'ready') return begun.play;
  throw new CliError(
    'conflict',
    `${plan.label} was played here before with other settings (another mapping, or other seeds), so its place cannot be found again.\n- start with another CHUSUAN_DATA_DIR, or\n- remove the data directory to begin anew`,
  );
}
