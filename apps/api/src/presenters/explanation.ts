import type { JobPromises, JobView, PoolView, VerdictView } from '#libs/application';
import {
  type Instant,
  type JobRequest,
  type JobState,
  type Refusal,
  type WakeEvent,
  isFinal,
  refusalAdvice,
  refusalTexts,
  rfc3339,
  wokenBy,
} from '#libs/domain';
import type { Evidence } from '#libs/scheduling';
import type { Explanation } from '../jobs/job-views.js';
import type { Reference } from '../reference.js';
import type { EvidenceShown, RefusalShown } from '../schemas/evidence.js';
import { timeOrNull } from './amounts.js';
import { promiseShown } from './job.js';

type Words = { readonly zh: string; readonly en: string };

const wakeTexts = {
  'node-freed': { zh: '有节点释放时', en: 'when nodes are freed' },
  'queue-moved': { zh: '队列前移时', en: 'when the queue moves' },
  'hour-turned': { zh: '到达允许它启动的时间时', en: 'when a time comes at which it may start' },
  'window-ended': { zh: '维护或预留窗口结束时', en: 'when the maintenance or booked window ends' },
  'engine-returned': { zh: '引擎恢复时', en: 'when the engine answers again' },
  'node-returned': { zh: '节点恢复服务时', en: 'when nodes come back into service' },
  'quota-changed': { zh: '配额变化时', en: 'when the quota changes' },
  'request-amended': { zh: '需修改请求后重新提交', en: 'only an amended request, submitted anew, changes it' },
} as const satisfies Record<WakeEvent, Words>;

const stateTexts = {
  queued: { zh: '排队中，尚未经过调度周期', en: 'queued; no planning cycle has looked at it yet' },
  placed: { zh: '已分配节点，等待引擎启动', en: 'nodes are given; the engine has not been told yet' },
  starting: { zh: '引擎正在启动', en: 'the engine is starting it' },
  running: { zh: '正在运行', en: 'it is running' },
  cancelling: { zh: '正在取消，等待引擎确认', en: 'it is being cancelled; the engine has not confirmed yet' },
  completed: { zh: '已完成', en: 'it completed' },
  failed: { zh: '已失败', en: 'it failed' },
  timeout: { zh: '超过时限被终止', en: 'it was ended at its time limit' },
  cancelled: { zh: '已取消', en: 'it was cancelled' },
  refused: { zh: '已拒绝', en: 'it was refused' },
} as const satisfies Record<JobState, Words>;

/** What an explanation is made of besides the job. */
export interface KnownOfJob {
  readonly promises: JobPromises | null;
  readonly now: Instant;
  readonly reference: Reference;
  /** With their latencies as they stand; empty where the job limits none. */
  readonly pools: readonly PoolView[];
}

/** As it was stored: the store keeps it as JSON, the submission wrote it as JobRequest. */
const requestOf = (job: JobView): JobRequest => job.request as JobRequest;

/** Whether a job that waits is held against measured latencies: of interest only where it limits them. */
export const limitsLatency = (job: JobView): boolean =>
  job.state === 'queued' && requestOf(job).constraints?.maxLatencyMs !== undefined;

/** Why the job is where it is, in words and in numbers. For a job that waits, as the last cycle with news decided. */
export function explanationOf(job: JobView, known: KnownOfJob): Explanation {
  const { promises, now, reference, pools } = known;
  const verdict = job.state === 'queued' ? job.verdict : null;
  const pool = verdict?.poolId ?? job.placement?.poolId ?? null;
  const inputs = requestOf(job).inputs;
  return {
    id: job.id,
    state: job.state,
    asOf: rfc3339(verdict?.decidedAt ?? now),
    text: verdict ? waitingText(verdict) : stateText(job),
    refusal: verdict && refusalShown(verdict.refusal),
    evidence: verdict && evidenceShown(verdict.evidence),
    estimatedStart: timeOrNull(verdict?.estimatedStart ?? null),
    basis: verdict?.basis ?? null,
    stagingSeconds: verdict && pool !== null ? reference.stagingSeconds(inputs, pool) : null,
    pool,
    promise: promiseShown(promises),
    latency: job.state === 'queued' ? latencyShown(requestOf(job), pools) : null,
    cycle: verdict?.cycle ?? null,
  };
}

export const refusalShown = (refusal: Refusal): RefusalShown => ({
  code: refusal,
  text: refusalTexts[refusal],
  wokenBy: wokenBy[refusal],
  wokenByText: wakeTexts[wokenBy[refusal]],
  final: isFinal(refusal),
});

export function evidenceShown(evidence: Evidence): EvidenceShown {
  const filteredBy = Object.entries(evidence.filteredBy)
    .filter((entry): entry is [Refusal, number] => (entry[1] ?? 0) > 0)
    .toSorted(([, a], [, b]) => b - a)
    .map(([refusal, nodes]) => ({ refusal, nodes, text: refusalTexts[refusal] }));
  const best = evidence.best && {
    group: evidence.best.groupId,
    freeNodes: evidence.best.freeNodes,
    askedNodes: evidence.best.askedNodes,
  };
  return {
    nodesConsidered: evidence.nodesConsidered,
    filteredBy,
    best,
    ahead: evidence.ahead,
    text: evidenceText(evidence, filteredBy),
  };
}

function evidenceText(
  evidence: Evidence,
  filteredBy: readonly { readonly nodes: number; readonly text: Words }[],
): Words {
  const { best, ahead, nodesConsidered } = evidence;
  const zh = [
    `共考察 ${nodesConsidered} 个节点`,
    ...filteredBy.map(({ nodes, text }) => `${nodes} 个不可用：${text.zh}`),
    ...(best ? [`最接近的节点组 ${best.groupId} 现有 ${best.freeNodes} 个可用节点，需要 ${best.askedNodes} 个`] : []),
    `前面有 ${ahead} 个作业`,
  ];
  const en = [
    `${nodesConsidered} nodes were considered`,
    ...filteredBy.map(({ nodes, text }) => `${nodes} could not be used: ${text.en}`),
    ...(best
      ? [`the nearest group, ${best.groupId}, has ${best.freeNodes} free of the ${best.askedNodes} nodes it needs`]
      : []),
    `${ahead} jobs are ahead`,
  ];
  return { zh: `${zh.join('；')}。`, en: `${en.join('; ')}.` };
}

/** What is in the way, when it is looked at again, when and where it would start, and what to do about it. */
function waitingText({ refusal, estimatedStart, basis, poolId }: VerdictView): Words {
  const { zh, en } = refusalTexts[refusal];
  const advice = refusalAdvice[refusal];
  const wake = wakeTexts[wokenBy[refusal]];
  const again = isFinal(refusal) ? wake : { zh: `再次考虑：${wake.zh}`, en: `it is looked at again ${wake.en}` };
  const start = startText(estimatedStart, basis, poolId);
  return {
    zh: `${zh}；${again.zh}；${start.zh}。建议：${advice.zh}。`,
    en: `${en}; ${again.en}; ${start.en}. What to do: ${advice.en}.`,
  };
}

function startText(at: Instant | null, basis: VerdictView['basis'], poolId: string | null): Words {
  if (at === null) return { zh: '暂无预计开始时间', en: 'no start is in sight' };
  const time = rfc3339(at);
  const where = poolId === null ? { zh: '', en: '' } : { zh: `在资源池 ${poolId} `, en: ` in pool ${poolId}` };
  const by =
    basis === 'reservation'
      ? { zh: '按已排定的预留', en: 'by its place in the plan' }
      : { zh: '按积压估算', en: 'by the work ahead of it' };
  return {
    zh: `预计 ${time} ${where.zh}开始（${by.zh}）`,
    en: `it would start at ${time}${where.en} (${by.en})`,
  };
}

function stateText(job: JobView): Words {
  const { zh, en } = stateTexts[job.state];
  const where = job.placement
    ? { zh: `（资源池 ${job.placement.poolId}）`, en: ` (pool ${job.placement.poolId})` }
    : { zh: '', en: '' };
  const why = job.detail === null ? { zh: '', en: '' } : { zh: `：${job.detail}`, en: `: ${job.detail}` };
  return { zh: `${zh}${where.zh}${why.zh}。`, en: `${en}${where.en}${why.en}.` };
}

function latencyShown({ constraints }: JobRequest, pools: readonly PoolView[]): Explanation['latency'] {
  const { maxLatencyMs, fromDistrict, pools: listed } = constraints ?? {};
  if (maxLatencyMs === undefined || fromDistrict === undefined) return null;
  const shown = pools
    .filter(({ id, enabled }) => (listed ? listed.includes(id) : enabled))
    .map(({ id, latencyMs, latencyBasis }) => {
      const oneWayMs = latencyMs[fromDistrict] ?? null;
      const unmeasured = oneWayMs === null ? ('unknown' as const) : ('assumed' as const);
      const basis = latencyBasis[fromDistrict] ?? unmeasured;
      return { pool: id, oneWayMs, basis, within: oneWayMs !== null && oneWayMs <= maxLatencyMs };
    });
  const stale = shown.filter(({ basis }) => basis === 'stale');
  return {
    fromDistrict,
    maxOneWayMs: maxLatencyMs,
    pools: shown,
    isStale: stale.length > 0,
    text: latencyText(
      stale.map(({ pool }) => pool),
      shown.filter(({ within }) => within).length,
      shown.length,
    ),
  };
}

function latencyText(stale: readonly string[], within: number, of: number): Words {
  const zh = `${of} 个资源池中有 ${within} 个在其时延上限之内`;
  const en = `${within} of ${of} pools are within its latency limit`;
  if (stale.length === 0) return { zh: `${zh}。`, en: `${en}.` };
  return {
    zh: `${zh}；${stale.join('、')} 的时延测量已过期，暂按假定值计算，待重新测量。`,
    en: `${en}; the measurement of ${stale.join(', ')} is stale, what is assumed counts until it is measured again.`,
  };
}
