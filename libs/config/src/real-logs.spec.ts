import { join } from 'node:path';
import {
  type TraceMappingFile,
  loadSeeds,
  loadTraceMappings,
  readTrace,
  renderFaults,
  renderTraceFaults,
} from '#libs/config';
import type { Catalogue } from '#libs/domain';
import { describeWithTraces, openTraces } from '#libs/testing';
import { chooseMapping, readSwf, traceDemand } from '#libs/simulation';

const folder = join(openTraces, 'swf');
const suite = describeWithTraces('The replay of real logs is');

suite('real logs', () => {
  let catalogue: Catalogue;
  let mappings: readonly TraceMappingFile[];
  beforeAll(async () => {
    const [seeds, loaded] = await Promise.all([loadSeeds('seeds'), loadTraceMappings('seeds/traces')]);
    if (seeds.kind === 'faults') throw new Error(renderFaults(seeds.faults));
    if (loaded.kind === 'faults') throw new Error(renderFaults(loaded.faults));
    catalogue = seeds.catalogue;
    mappings = loaded.mappings;
  });

  const cases = [
    { file: 'philly_gpu.swf.gz', wantMapping: 'philly', wantRead: 82_247, wantJobs: 82_247, wantTenants: 12 },
    // Eight of its jobs have a run time of zero or less.
    { file: 'KTH-SP2-1996-2.swf.gz', wantMapping: 'kth', wantRead: 28_489, wantJobs: 28_481, wantTenants: 7 },
  ];
  it.each(cases)(
    '$file is played whole, with no job clipped',
    async ({ file, wantMapping, wantRead, wantJobs, wantTenants }) => {
      const log = await readTrace(join(folder, file), (text) => readSwf(text, { mode: 'strict' }));
      if (log.kind === 'faults') throw new Error(renderTraceFaults(log));
      const mapping = chooseMapping(mappings, { file, header: log.header });
      expect(mapping?.id).toBe(wantMapping);
      const { jobs, report } = traceDemand(log.jobs, mapping!, catalogue, { origin: 0 });
      const withoutWork = wantRead - wantJobs;
      expect(report).toMatchObject({ read: wantRead, mapped: wantJobs, clipped: 0, withoutWork, tooLarge: 0 });
      expect(new Set(jobs.map(({ tenantId }) => tenantId)).size).toBe(wantTenants);
      const units = jobs.map(({ request: { resources } }) => resources.nodes * (resources.acceleratorsPerNode || 1));
      const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
      expect(sum(units) / sum(log.jobs.map(({ processors }) => processors))).toBeCloseTo(1, 2);
    },
  );
});
