/** Why a job cannot start now. Closed: a new reason is a new word here, a wake event, a text and a metric value. */
export const refusals = [
  'no-free-accelerators',
  'no-free-nodes',
  'behind-reservation',
  'behind-in-queue',
  'before-earliest-start',
  'would-overrun-window',
  'accelerator-model-absent',
  'accelerator-memory-too-small',
  'architecture-mismatch',
  'stack-mismatch',
  'latency-above-limit',
  'data-level-not-allowed',
  'pool-not-listed',
  'class-not-served',
  'engine-unreachable',
  'nodes-out-of-service',
  'larger-than-any-pool',
  'rejected-by-engines',
  'quota-spent',
] as const;
export type Refusal = (typeof refusals)[number];

/** What makes it worth looking at the job again. */
export type WakeEvent =
  | 'node-freed'
  | 'queue-moved'
  | 'hour-turned'
  | 'window-ended'
  | 'engine-returned'
  | 'node-returned'
  | 'quota-changed'
  | 'request-amended';

export const wokenBy = {
  'no-free-accelerators': 'node-freed',
  'no-free-nodes': 'node-freed',
  'behind-reservation': 'node-freed',
  'behind-in-queue': 'queue-moved',
  'before-earliest-start': 'hour-turned',
  'would-overrun-window': 'window-ended',
  'accelerator-model-absent': 'request-amended',
  'accelerator-memory-too-small': 'request-amended',
  'architecture-mismatch': 'request-amended',
  'stack-mismatch': 'request-amended',
  'latency-above-limit': 'request-amended',
  'data-level-not-allowed': 'request-amended',
  'pool-not-listed': 'request-amended',
  'class-not-served': 'request-amended',
  'engine-unreachable': 'engine-returned',
  'nodes-out-of-service': 'node-returned',
  'larger-than-any-pool': 'request-amended',
  'rejected-by-engines': 'request-amended',
  'quota-spent': 'quota-changed',
} as const satisfies Record<Refusal, WakeEvent>;

/** A final refusal can be answered at submission: no event but an amended request changes it. */
export const isFinal = (refusal: Refusal): boolean => wokenBy[refusal] === 'request-amended';

export const refusalTexts = {
  'no-free-accelerators': {
    zh: '满足要求的节点上空闲加速卡不足，等待作业结束',
    en: 'too few free accelerators on the nodes that fit; waiting for running jobs to end',
  },
  'no-free-nodes': {
    zh: '满足要求的空闲节点数不足，等待作业结束',
    en: 'too few free nodes of the kind asked for; waiting for running jobs to end',
  },
  'behind-reservation': {
    zh: '现在启动会推迟排在前面的作业的预留，等待能嵌入的空档',
    en: 'starting now would delay a reservation of a job ahead; waiting for a gap that fits',
  },
  'behind-in-queue': {
    zh: '排在前面的作业尚未启动，本策略不允许越过',
    en: 'a job ahead has not started and the policy lets nobody pass it',
  },
  'before-earliest-start': { zh: '未到要求的最早开始时间', en: 'the earliest start it asked for has not come' },
  'would-overrun-window': { zh: '会超出维护或预留窗口', en: 'it would run into a maintenance or booked window' },
  'accelerator-model-absent': {
    zh: '没有资源池提供所要的加速卡型号',
    en: 'no pool it may use has the accelerator model it asks for',
  },
  'accelerator-memory-too-small': {
    zh: '加速卡显存小于要求',
    en: 'the accelerators have less memory than it asks for',
  },
  'architecture-mismatch': { zh: 'CPU 架构不符', en: 'the CPU architecture differs from the one its image needs' },
  'stack-mismatch': {
    zh: '软件栈不符（CUDA/CANN）',
    en: 'the software stack differs (CUDA or CANN) from the one its image needs',
  },
  'latency-above-limit': { zh: '时延超过上限', en: 'the one-way latency from its district is above its limit' },
  'data-level-not-allowed': { zh: '数据级别不允许放在该池', en: 'the pool may not hold data of its level' },
  'pool-not-listed': { zh: '作业指定了其他资源池', en: 'the job lists other pools' },
  'class-not-served': { zh: '资源池不承接该类作业', en: 'the pool does not serve jobs of this class' },
  'engine-unreachable': { zh: '资源池引擎暂不可达', en: "the pool's engine cannot be reached at the moment" },
  'nodes-out-of-service': {
    zh: '能容纳它的节点处于停用、排空或维护状态',
    en: 'the nodes that could hold it are down, drained or in maintenance',
  },
  'larger-than-any-pool': { zh: '超过任何单个资源池的容量', en: 'it asks for more than any one pool has' },
  'rejected-by-engines': {
    zh: '能容纳它的资源池的引擎都拒绝了它，原因见 detail',
    en: 'the engines of all pools that could hold it have rejected it; its detail says why',
  },
  'quota-spent': { zh: '租户配额已用完', en: "the tenant's quota is spent" },
} as const satisfies Record<Refusal, { zh: string; en: string }>;
