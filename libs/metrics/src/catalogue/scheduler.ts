import {
  conflictKinds, cycleStages, decisions, driftKinds, engineOperations, engineResults,
  preemptionReasons, promiseKinds, reservationOutcomes,
} from '#libs/application'; // prettier-ignore
import { bounds, counter, gauge, histogram } from './family.js';

const { pools, classes } = bounds;
const poolsAndOther = pools + 1;
const cycleBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5];
const slipBuckets = [0, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 259_200];
const callBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

/** D: the loop, and the engines it talks to. */
export const schedulerFamilies = {
  cycleSeconds: histogram('scheduler_cycle_seconds', ['stage'], {
    unit: 's',
    sets: cycleStages.length,
    buckets: cycleBuckets,
    clock: 'wall',
    help: { zh: '调度周期各阶段耗时。', en: 'Time of a planning cycle, by stage.' },
    formula: `stage = ${cycleStages.join(', ')}`,
  }),
  lastCycle: gauge('scheduler_last_cycle_timestamp_seconds', [], {
    origin: 'state',
    unit: 'unix s',
    bound: 1,
    clock: 'wall',
    help: { zh: '最近一次调度周期完成时刻。', en: 'When the last planning cycle was recorded.' },
    formula: 'wall time of the newest cycle record; absent before the first',
  }),
  replayOldest: gauge('replay_oldest_cycle_timestamp_seconds', [], {
    origin: 'state',
    unit: 'unix s',
    bound: 1,
    clock: 'wall',
    help: {
      zh: '可重放的最早调度周期的记录时刻。',
      en: 'When the oldest cycle that can be replayed was recorded.',
    },
    formula: 'wall time of the oldest keyframe in a form that this version reads; absent before the first',
  }),
  leader: gauge('scheduler_leader', [], {
    origin: 'state',
    unit: '0/1',
    bound: 1,
    help: { zh: '有调度器持有租约时为 1。', en: '1 while a scheduler holds the lease, 0 while nobody leads.' },
    formula: 'the holder of the lease row is not empty',
  }),
  fencingToken: gauge('scheduler_fencing_token', [], {
    origin: 'state',
    unit: 'number',
    bound: 1,
    help: { zh: '租约纪元，换主加一。', en: 'Epoch of the lease; grows by one at each change of leader.' },
    formula: 'lease.epoch',
  }),
  decisions: counter('scheduler_decisions_total', ['decision'], {
    origin: 'durable',
    unit: 'decisions',
    bound: decisions.length,
    help: { zh: '调度决定数。', en: 'What planning cycles decided about jobs.' },
    formula: `decision = ${decisions.join(', ')}`,
  }),
  backfilledJobs: counter('scheduler_backfilled_jobs_total', ['pool'], {
    origin: 'durable',
    unit: 'jobs',
    bound: pools,
    help: { zh: '回填启动的作业数。', en: 'Jobs started ahead of one that could not start, without delaying it.' },
    formula: 'committed starts that the plan marks as backfilled',
  }),
  preemptions: counter('scheduler_preemptions_total', ['pool', 'reason'], {
    origin: 'durable',
    unit: 'jobs',
    bound: pools * preemptionReasons.length,
    help: {
      zh: '为其他作业让位而停止的运行作业数。',
      en: 'Running jobs that were told to stop to make room, or to go on with other nodes.',
    },
    formula: `reason = ${preemptionReasons.join(', ')}`,
  }),
  conflicts: counter('scheduler_conflicts_total', ['kind'], {
    origin: 'durable',
    unit: 'events',
    bound: conflictKinds.length,
    help: {
      zh: '计划被拒、失去租约、引擎拒绝的次数。',
      en: 'Plans refused in part, leases lost, orders an engine would not take.',
    },
    formula: `kind = ${conflictKinds.join(', ')}`,
  }),
  reservationOccurrences: counter('reservation_occurrences_total', ['outcome'], {
    origin: 'durable',
    unit: 'occurrences',
    bound: reservationOutcomes.length,
    help: {
      zh: '预约与维护窗口的结果数：正常结束、未使用而归还、未能预留到节点。',
      en: 'Occurrences of reservations and maintenance: gone to their end, given back unused, or without nodes.',
    },
    formula: `outcome = ${reservationOutcomes.join(', ')}`,
  }),
  policyReloadFailures: counter('policy_reload_failures_total', [], {
    origin: 'durable',
    unit: 'reads',
    bound: 1,
    help: {
      zh: '策略文件有错、沿用旧策略的次数。',
      en: 'Policy files that were read with faults, so that the old policy stayed.',
    },
    formula: 'one for each state of the file that has faults',
  }),
  promiseOutcomes: counter('promise_outcomes_total', ['class', 'kind', 'kept'], {
    origin: 'durable',
    unit: 'promises',
    bound: classes * promiseKinds.length * 2,
    clock: 'service',
    help: {
      zh: '开始时间承诺的兑现数：kind 为首次承诺或开始前至少一小时的最后承诺，kept 表示不晚于 P90。',
      en: 'Start promises whose jobs have started; kept tells whether no later than the P90. Coverage is kept over all.',
    },
    formula: `counted when a job with a promise starts; kind = ${promiseKinds.join(', ')}`,
  }),
  reservationSlip: histogram('scheduler_reservation_slip_seconds', ['class'], {
    unit: 's',
    sets: classes,
    buckets: slipBuckets,
    clock: 'service',
    help: {
      zh: '实际开始晚于首次承诺 P50 的时长；提前为 0。',
      en: 'How much later than the first promised P50 a job started; 0 when sooner.',
    },
    formula: 'max(0, start − P50) of the first promise, when the job starts',
  }),
  dispatch: counter('dispatch_total', ['pool', 'engine', 'op', 'result'], {
    origin: 'process',
    unit: 'calls',
    bound: poolsAndOther * engineOperations.length * engineResults.length,
    fold: { label: 'pool', sets: engineOperations.length * engineResults.length },
    clock: 'wall',
    help: { zh: '对引擎的调用数。', en: 'Calls to engines.' },
    formula: `op = ${engineOperations.join(', ')}; result = ${engineResults.join(', ')}`,
  }),
  dispatchSeconds: histogram('dispatch_seconds', ['pool', 'op'], {
    unit: 's',
    sets: poolsAndOther * engineOperations.length,
    buckets: callBuckets,
    fold: { label: 'pool', sets: engineOperations.length },
    clock: 'wall',
    help: { zh: '引擎调用时延。', en: 'Latency of calls to engines.' },
    formula: 'observed after each call',
  }),
  engineUp: gauge('engine_up', ['pool', 'engine'], {
    origin: 'state',
    unit: '0/1',
    bound: pools,
    help: { zh: '最近一次探测引擎可达为 1。', en: '1 when the engine answered the last time it was asked.' },
    formula: 'pool.reachable',
  }),
  engineDrift: gauge('engine_drift_jobs', ['pool', 'kind'], {
    origin: 'process',
    unit: 'jobs',
    bound: poolsAndOther * driftKinds.length,
    fold: { label: 'pool', sets: driftKinds.length },
    help: { zh: '对账差异作业数。', en: 'Jobs on which engine and service differed at the last reconciliation.' },
    formula: `kind = ${driftKinds.join(', ')}`,
  }),
  reconcileLastSuccess: gauge('reconcile_last_success_timestamp_seconds', ['pool'], {
    origin: 'state',
    unit: 'unix s',
    bound: pools,
    clock: 'wall',
    help: { zh: '最近一次成功对账时刻。', en: 'When the engine of the pool was last observed.' },
    formula: 'pool.observed_wall; absent before the first',
  }),
} as const;
