import { submissionRejections } from '#libs/application';
import { refusals } from '#libs/domain';
import { bounds, counter, gauge, histogram } from './family.js';

const { pools, classes, models } = bounds;
// Jobs that wait belong to no pool yet: their `pool` is the empty string.
const poolsAndNone = pools + 1;
const poolsAndOther = pools + 1;
const waitBuckets = [
  1, 5, 15, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 57_600, 86_400, 172_800, 345_600, 604_800,
];
const runBuckets = [10, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 57_600, 86_400, 172_800, 345_600, 604_800];
const startDelayBuckets = [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600];
const slowdownBuckets = [1, 1.5, 2, 3, 5, 10, 20, 50, 100];
const estimateBuckets = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1];

/** C: jobs, from submission to end. */
export const queueFamilies = {
  jobs: gauge('jobs', ['pool', 'class', 'state'], {
    origin: 'state',
    unit: 'jobs',
    bound: poolsAndNone * classes * 5,
    help: {
      zh: '当前各状态作业数；排队作业尚无资源池，pool 为空。',
      en: 'Jobs now in each live state; queued ones belong to no pool yet, their pool is empty.',
    },
    formula: 'count of jobs by pool, class and live state; zeros for known combinations',
  }),
  jobsFinished: counter('jobs_finished_total', ['pool', 'class', 'outcome'], {
    origin: 'state',
    unit: 'jobs',
    bound: poolsAndNone * classes * 6,
    clock: 'service',
    help: { zh: '已结束作业数，按结果。', en: 'Ended jobs, by outcome.' },
    formula: 'count of ended jobs',
  }),
  jobsSubmitted: counter('jobs_submitted_total', ['class', 'channel'], {
    origin: 'state',
    unit: 'jobs',
    bound: classes * 4,
    clock: 'service',
    help: { zh: '已受理的提交数，按渠道。', en: 'Accepted submissions, by channel.' },
    formula: 'count of jobs; channel = api, cli, replay or sample',
  }),
  jobsRejected: counter('jobs_rejected_total', ['reason'], {
    origin: 'durable',
    unit: 'jobs',
    bound: submissionRejections.length + 4,
    help: { zh: '被拒绝的提交数，按原因。', en: 'Refused submissions, by reason.' },
    formula: 'told by the submit use case',
  }),
  queueDemand: gauge('queue_demand_accelerators', ['class', 'model'], {
    origin: 'state',
    unit: 'cards',
    bound: classes * (models + 1),
    help: {
      zh: '排队作业所需加速卡数；model 为空表示不限型号。',
      en: 'Accelerators that queued jobs ask for; an empty model tells that any will do.',
    },
    formula: 'sum of nodes × cards of queued jobs',
  }),
  queueOldest: gauge('queue_oldest_submit_timestamp_seconds', ['pool', 'class'], {
    origin: 'state',
    unit: 'unix s',
    bound: poolsAndNone * classes,
    clock: 'service',
    help: { zh: '最早排队作业的提交时刻。', en: 'When the oldest waiting job was submitted.' },
    formula: 'min of submitted_at; absent while nobody waits',
  }),
  queuePendingReason: gauge('queue_pending_reason_jobs', ['reason'], {
    origin: 'state',
    unit: 'jobs',
    bound: refusals.length + 2,
    help: { zh: '排队作业数，按未能启动的原因。', en: 'Waiting jobs, by why they did not start in the last cycle.' },
    formula: "the planner's last verdict on each queued job",
  }),
  jobWait: histogram('job_wait_seconds', ['pool', 'class'], {
    unit: 's',
    sets: poolsAndOther * classes,
    buckets: waitBuckets,
    fold: { label: 'pool', sets: classes },
    clock: 'service',
    help: { zh: '排队时长，提交到首次启动。', en: 'Wait from submission to the first start.' },
    formula: 'observed when a job starts',
  }),
  jobStartDelay: histogram('job_start_delay_seconds', ['pool'], {
    unit: 's',
    sets: poolsAndOther,
    buckets: startDelayBuckets,
    fold: { label: 'pool', sets: 1 },
    clock: 'service',
    help: { zh: '引擎受理到运行的时延。', en: 'Delay between release to the engine and running.' },
    formula: 'observed when a job starts',
  }),
  jobRun: histogram('job_run_seconds', ['class'], {
    unit: 's',
    sets: classes,
    buckets: runBuckets,
    clock: 'service',
    help: { zh: '作业运行时长。', en: 'Run time of ended jobs.' },
    formula: 'observed when a job is over',
  }),
  jobSlowdown: histogram('job_slowdown_ratio', ['class'], {
    unit: 'ratio',
    sets: classes,
    buckets: slowdownBuckets,
    help: { zh: '有界减速比（下限 600 秒）。', en: 'Bounded slowdown with a floor of 600 seconds.' },
    formula: 'max(1, (wait + run) / max(run, 600 s)) when a job that was not cancelled is over',
  }),
  jobEstimate: histogram('job_estimate_error_ratio', ['class'], {
    unit: 'ratio',
    sets: classes,
    buckets: estimateBuckets,
    help: { zh: '实际运行时长与申请时限之比。', en: 'Run time over the time limit that was asked for.' },
    formula: 'run / limit when a job that was not cancelled is over',
  }),
} as const;
