import { gpuArrivals, runGpuSharing } from './gpu-sharing.js';
import { type GpuNode, type GpuPod, readGpuNodes, readGpuPods } from './gpu-trace.js';

const node = (name: string, gpus: number, model = 'T4'): GpuNode => ({ name, cores: 8000, memory: 1024, gpus, model });
const pod = (milli: number, over: Partial<GpuPod> = {}): GpuPod => ({
  cores: 1000,
  memory: 10,
  gpus: 1,
  milli,
  models: [],
  ...over,
});
const first = (): number => 0;

describe('reading the trace', () => {
  it('puts nodes in the order of their names', () => {
    const csv = 'sn,cpu_milli,memory_mib,gpu,model\nb,64000,262144,2,P100\na,8000,1024,1,T4\n';
    expect(readGpuNodes(csv)).toEqual([
      node('a', 1),
      { name: 'b', cores: 64_000, memory: 262_144, gpus: 2, model: 'P100' },
    ]);
  });

  it('reads what pods ask for, and the models that will do', () => {
    const csv =
      'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos\np,1000,10,1,460,,LS\nq,1000,10,2,1000,T4|P100,BE\n';
    expect(readGpuPods(csv)).toEqual([pod(460), pod(1000, { gpus: 2, models: ['T4', 'P100'] })]);
  });
});

describe('arrivals', () => {
  it('clones until 1.30 times the capacity would be passed', () => {
    expect(gpuArrivals([pod(500)], 1000, first)).toHaveLength(2);
    expect(gpuArrivals([pod(650)], 1000, first)).toHaveLength(2);
    expect(gpuArrivals([pod(651)], 1000, first)).toHaveLength(1);
  });
});

describe.each(['own', 'fgd', 'best-fit', 'random'] as const)('%s', (policy) => {
  it('shares a card up to its thousandth and loses the pod that comes too late', () => {
    const run = runGpuSharing({ nodes: [node('a', 1)], pods: [pod(600), pod(400), pod(300)], policy, chance: first });
    expect(run).toMatchObject({ placed: 2, refused: 1 });
  });

  it('gives whole cards only where nobody shares, and the model that is asked for', () => {
    const nodes = [node('a', 2), node('b', 1, 'P100')];
    const pods = [pod(1000, { gpus: 2 }), pod(1000, { models: ['P100'] }), pod(900, { models: ['A10'] })];
    expect(runGpuSharing({ nodes, pods, policy, chance: first })).toEqual({
      allocation100: 100,
      allocation130: 100,
      placed: 2,
      refused: 1,
    });
  });

  it('places pods without cards by their cores and memory', () => {
    const pods = [pod(0, { gpus: 0, cores: 8000 }), pod(1000, { gpus: 1, cores: 0, memory: 1025 })];
    expect(runGpuSharing({ nodes: [node('a', 1)], pods, policy, chance: () => 0.99 })).toMatchObject({
      allocation130: 0,
    });
  });
});
