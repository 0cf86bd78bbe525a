import type { Architecture, DataLevel, JobClass, Stack } from './topology.js';

/** What a tenant asks for; the body of POST /v1/jobs after validation (DESIGN.md 10). Times are RFC 3339 outside, epoch ms here. */
export interface JobRequest {
  readonly name: string;
  readonly class: JobClass;
  readonly resources: {
    readonly nodes: number;
    /** Elastic: any number of nodes from `nodes` to this. */
    readonly nodesMax?: number;
    readonly acceleratorsPerNode: number;
    /** A part of one card, in (0, 1); `acceleratorsPerNode` is then 1. */
    readonly acceleratorFraction?: number;
    readonly acceleratorModels?: readonly string[];
    readonly minAcceleratorMemoryGiB?: number;
    readonly cpuCoresPerNode?: number;
    readonly memoryGiBPerNode?: number;
    readonly architecture?: Architecture;
    readonly stack?: Stack;
  };
  readonly timeLimitSeconds: number;
  /** Data that must be at the job's site before it runs; moved by the engine's hook, never stored by the service. */
  readonly inputs?: readonly JobInput[];
  readonly constraints?: {
    readonly pools?: readonly string[];
    readonly maxLatencyMs?: number;
    readonly fromDistrict?: string;
    readonly dataLevel?: DataLevel;
    /** Site that its data must not leave. */
    readonly dataSite?: string;
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

export interface JobInput {
  readonly dataset: string;
  readonly site: string;
  readonly sizeGiB: number;
  readonly dataLevel?: DataLevel;
}

export interface JobRun {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly script?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** How long a simulated engine lets it run and how it ends there; sample and replayed demand only. The planner never reads it. */
  readonly simulated?: { readonly runSeconds: number; readonly outcome?: 'completed' | 'failed' };
}
