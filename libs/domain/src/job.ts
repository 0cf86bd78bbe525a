import type { Architecture, DataLevel, JobClass, Stack } from './topology.js';

/** What a tenant asks for; the body of POST /v1/jobs after validation (DESIGN.md 10). Times are RFC 3339 outside, epoch ms here. */
export interface JobRequest {
  readonly name: string;
  readonly class: JobClass;
  readonly resources: {
    readonly nodes: number;
    readonly acceleratorsPerNode: number;
    readonly acceleratorModels?: readonly string[];
    readonly minAcceleratorMemoryGiB?: number;
    readonly cpuCoresPerNode?: number;
    readonly memoryGiBPerNode?: number;
    readonly architecture?: Architecture;
    readonly stack?: Stack;
  };
  readonly timeLimitSeconds: number;
  readonly constraints?: {
    readonly pools?: readonly string[];
    readonly maxLatencyMs?: number;
    readonly fromDistrict?: string;
    readonly dataLevel?: DataLevel;
    readonly minGreenShare?: number;
    readonly earliestStartMs?: number;
    readonly deadlineMs?: number;
  };
  readonly flexibility?: {
    readonly preemptible?: boolean;
    readonly interruptible?: boolean;
    readonly checkpointIntervalSeconds?: number;
  };
  readonly run: JobRun;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface JobRun {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly script?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** How long a simulated engine lets it run and how it ends there; sample and replayed demand only. The planner never reads it. */
  readonly simulated?: { readonly runSeconds: number; readonly outcome?: 'completed' | 'failed' };
}
