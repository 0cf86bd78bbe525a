/** A node of the trace; its place in the list, which goes by name, breaks ties. */
export interface GpuNode {
  readonly name: string;
  readonly cores: number;
  readonly memory: number;
  readonly gpus: number;
  readonly model: string;
}

/** A task of the trace: `gpus` cards, `milli` of each; below 1000 it is one card. Milli-cores and MiB. */
export interface GpuPod {
  readonly cores: number;
  readonly memory: number;
  readonly gpus: number;
  readonly milli: number;
  /** GPU models that will do; empty: any. */
  readonly models: readonly string[];
}

const rowsOf = (csv: string): string[][] =>
  csv
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => line.split(','));

/** @param csv sn,cpu_milli,memory_mib,gpu,model */
export const readGpuNodes = (csv: string): GpuNode[] =>
  rowsOf(csv)
    .map(([name, cores, memory, gpus, model]) => ({
      name: name!,
      cores: Number(cores),
      memory: Number(memory),
      gpus: Number(gpus),
      model: model!,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/** @param csv name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,… */
export const readGpuPods = (csv: string): GpuPod[] =>
  rowsOf(csv).map(([, cores, memory, gpus, milli, spec]) => ({
    cores: Number(cores),
    memory: Number(memory),
    gpus: Number(gpus),
    milli: Number(milli),
    models: spec ? spec.split('|') : [],
  }));

/** In [0, 1). */
export type Chance = () => number;
