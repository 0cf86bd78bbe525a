import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type GpuSharingRun, RandomStream, readGpuNodes, readGpuPods, runGpuSharing } from '#libs/simulation';
import { describeWithTraces, openTraces } from '#libs/testing';

const suite = describeWithTraces('The published allocations of shared GPUs are');

const textOf = (file: string): string => gunzipSync(readFileSync(join(openTraces, 'gpu', file))).toString('utf8');
const seeds = ['1', '2', '3', '4', '5'];

suite('placement of shared GPUs on the openb trace, five seeds', () => {
  let nodes: GpuSharingRun['nodes'];
  let pods: GpuSharingRun['pods'];

  beforeAll(() => {
    nodes = readGpuNodes(textOf('openb_node_list_gpu_node.csv.gz'));
    pods = readGpuPods(textOf('openb_pod_list_default.csv.gz'));
  });

  const meansOf = (policy: GpuSharingRun['policy']): { at100: number; at130: number } => {
    const results = seeds.map((seed) => {
      const stream = RandomStream.seeded(`openb ${seed}`);
      return runGpuSharing({ nodes, pods, policy, chance: () => stream.uniform() });
    });
    const mean = (of: (result: (typeof results)[number]) => number): number =>
      results.reduce((sum, result) => sum + of(result), 0) / results.length;
    return { at100: mean((result) => result.allocation100), at130: mean((result) => result.allocation130) };
  };

  it('has the nodes and the cards of the trace', () => {
    expect(nodes).toHaveLength(1213);
    expect(nodes.reduce((sum, node) => sum + node.gpus, 0)).toBe(6212);
    expect(pods).toHaveLength(8152);
  });

  const published = {
    Random: { policy: 'random', wantAt100: 86.303, wantAt130: 87.47 },
    BestFit: { policy: 'best-fit', wantAt100: 92.862, wantAt130: 93.076 },
    FGD: { policy: 'fgd', wantAt100: 95.227, wantAt130: 95.391 },
  } as const;
  it.each(Object.entries(published))('%s gives out what was published, within half a point', (_name, c) => {
    const { at100, at130 } = meansOf(c.policy);
    expect(Math.abs(at130 - c.wantAt130)).toBeLessThan(0.5);
    expect(Math.abs(at100 - c.wantAt100)).toBeLessThan(0.5);
  });

  it('the planner gives out at least 95 % at 130 % load', () => {
    expect(meansOf('own').at130).toBeGreaterThanOrEqual(95);
  });
});
