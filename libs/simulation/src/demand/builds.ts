import type { Architecture, PoolTier, Stack, TenantJob } from '#libs/domain';

/** What an image was built for, and how often jobs of a family are built that way. */
export interface Build {
  readonly weight: number;
  readonly image: string;
  /** Absent: any model of the stack that fits. */
  readonly models?: readonly string[];
  readonly stack?: Stack;
  readonly architecture?: Architecture;
  readonly minMemoryGiB?: number;
  /** Meant for pools of this tier: half of such jobs name the pool of their own district, which a control loop must not leave. */
  readonly tier?: PoolTier;
}

const cann = { stack: 'cann', architecture: 'aarch64' } as const;
const cuda = { stack: 'cuda', architecture: 'x86_64' } as const;

/**
 * The mix of models and stacks, by family of work: an assumption of this generator, set so that each part of the fleet gets work
 * in proportion to what it has (the localised cards are nine in ten) and that scarce CUDA cards are short now and then, not
 * always. Training names its models, because inference cards of the edge would otherwise qualify by their memory.
 */
const mixes = {
  training: [
    { weight: 40, image: 'sample/mindspore-training', models: ['ascend-910', 'ascend-910b'], ...cann },
    { weight: 28, image: 'sample/mindspore-training', models: ['ascend-910b'], minMemoryGiB: 64, ...cann },
    { weight: 23, image: 'sample/mindspore-training', models: ['ascend-910'], ...cann },
    { weight: 4, image: 'sample/pytorch-training', models: ['nvidia-a800', 'nvidia-h800'], minMemoryGiB: 80, ...cuda },
    {
      weight: 5,
      image: 'sample/portable-training',
      models: ['ascend-910', 'ascend-910b', 'nvidia-a800', 'nvidia-h800'],
    },
  ],
  online: [
    { weight: 22, image: 'sample/mindie-serving', models: ['ascend-310p-duo'], tier: 'edge', ...cann },
    { weight: 15, image: 'sample/triton-serving', models: ['nvidia-l4'], tier: 'edge', ...cuda },
    { weight: 20, image: 'sample/vllm-serving', models: ['nvidia-h20'], minMemoryGiB: 96, ...cuda },
    { weight: 33, image: 'sample/mindie-serving', models: ['ascend-910b', 'ascend-310p-duo', 'ascend-910'], ...cann },
    { weight: 10, image: 'sample/portable-serving' },
  ],
  batch: [
    { weight: 60, image: 'sample/portable-batch' },
    { weight: 30, image: 'sample/mindie-batch', ...cann },
    { weight: 10, image: 'sample/triton-batch', models: ['nvidia-l4', 'nvidia-h20'], ...cuda },
  ],
  lab: [
    { weight: 60, image: 'sample/mindspore-notebook', ...cann },
    { weight: 15, image: 'sample/pytorch-notebook', minMemoryGiB: 24, ...cuda },
    { weight: 25, image: 'sample/portable-notebook' },
  ],
  solver: [
    { weight: 70, image: 'sample/cann-solver', models: ['ascend-910b', 'ascend-910'], ...cann },
    { weight: 30, image: 'sample/cuda-solver', models: ['nvidia-a800', 'nvidia-h800'], ...cuda },
  ],
  cpu: [
    { weight: 45, image: 'sample/mpi-solver-x86', architecture: 'x86_64', stack: 'none' },
    { weight: 25, image: 'sample/mpi-solver-arm', architecture: 'aarch64', stack: 'none' },
    { weight: 30, image: 'sample/mpi-solver' },
  ],
} as const satisfies Record<string, readonly Build[]>;

/** Builds for a job of this kind; simulation with and without cards are two families. */
export function buildsFor(job: Pick<TenantJob, 'class' | 'maxOneWayLatencyMs'>, cards: number): readonly Build[] {
  if (cards === 0) return mixes.cpu;
  switch (job.class) {
    case 'training':
    case 'finetune':
      return mixes.training;
    case 'interactive':
      return mixes.lab;
    case 'simulation':
      return mixes.solver;
    case 'inference':
      return job.maxOneWayLatencyMs === undefined ? mixes.batch : mixes.online;
  }
}
