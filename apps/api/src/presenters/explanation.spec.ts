import type { JobView, VerdictView } from '#libs/application';
import { isFinal, type Refusal, refusalAdvice, refusals, refusalTexts } from '#libs/domain';
import type { Reference } from '../reference.js';
import { evidenceShown, explanationOf, refusalShown } from './explanation.js';

const at = Date.parse('2026-11-24T08:00:00+08:00');
const reference = { stagingSeconds: () => null } as unknown as Reference;
const aVerdict = (over: Partial<VerdictView> = {}): VerdictView => ({
  cycle: 7,
  decidedAt: at,
  refusal: 'no-free-accelerators',
  estimatedStart: at + 3_600_000,
  basis: 'reservation',
  poolId: 'ezhou-a',
  evidence: { nodesConsidered: 4, filteredBy: {}, best: null, ahead: 0 },
  ...over,
});
const explained = (verdict: VerdictView) => {
  const job: JobView = {
    id: 'j', tenantId: 't', name: 'fold', class: 'training', state: 'queued', sample: false, channel: 'api', submittedAt: at, startedAt: null,
    endedAt: null, exitCode: null, detail: null, attempts: 0, placement: null, verdict, request: { resources: { nodes: 1 }, timeLimitSeconds: 60 },
  }; // prettier-ignore
  return explanationOf(job, { promises: null, now: at, reference, pools: [] });
};
const textOf = (over: Partial<VerdictView>) => explained(aVerdict(over)).text;

const texts: Record<string, { verdict: Partial<VerdictView>; en: string; zh: string }> = {
  'what is in the way, the event, when and where, and what to do': {
    verdict: {},
    en: 'too few free accelerators on the nodes that fit; waiting for running jobs to end; it is looked at again when nodes are freed; it would start at 2026-11-24T09:00:00+08:00 in pool ezhou-a (by its place in the plan). What to do: nothing needs to be done; fewer cards, another model or a shorter time limit may let it start sooner.',
    zh: '满足要求的节点上空闲加速卡不足，等待作业结束；再次考虑：有节点释放时；预计 2026-11-24T09:00:00+08:00 在资源池 ezhou-a 开始（按已排定的预留）。建议：无需操作；减少卡数、放宽型号或缩短时限可能更早开始。',
  },
  'an estimate from the work ahead says so': {
    verdict: { refusal: 'behind-in-queue', basis: 'backlog' },
    en: 'a job ahead has not started and the policy lets nobody pass it; it is looked at again when the queue moves; it would start at 2026-11-24T09:00:00+08:00 in pool ezhou-a (by the work ahead of it). What to do: nothing needs to be done; its turn comes.',
    zh: '排在前面的作业尚未启动，本策略不允许越过；再次考虑：队列前移时；预计 2026-11-24T09:00:00+08:00 在资源池 ezhou-a 开始（按积压估算）。建议：无需操作，按队列顺序等待。',
  },
  'what only an amended request changes is not said to be looked at again': {
    verdict: { refusal: 'larger-than-any-pool', estimatedStart: null, basis: 'none', poolId: null },
    en: 'it asks for more than any one pool has; only an amended request, submitted anew, changes it; no start is in sight. What to do: ask for fewer or smaller nodes, and submit it anew.',
    zh: '超过任何单个资源池的容量；需修改请求后重新提交；暂无预计开始时间。建议：减少节点数或每节点的卡、核、内存，请修改后重新提交。',
  },
  'a start without a pool names none': {
    verdict: { poolId: null },
    en: 'too few free accelerators on the nodes that fit; waiting for running jobs to end; it is looked at again when nodes are freed; it would start at 2026-11-24T09:00:00+08:00 (by its place in the plan). What to do: nothing needs to be done; fewer cards, another model or a shorter time limit may let it start sooner.',
    zh: '满足要求的节点上空闲加速卡不足，等待作业结束；再次考虑：有节点释放时；预计 2026-11-24T09:00:00+08:00 开始（按已排定的预留）。建议：无需操作；减少卡数、放宽型号或缩短时限可能更早开始。',
  },
}; // prettier-ignore

describe('the explanation of a job that waits', () => {
  it.each(Object.entries(texts))('says %s', (_sentence, { verdict, en, zh }) => {
    expect(textOf(verdict)).toEqual({ en, zh });
  });

  it.each(refusals)('%s: says in one sentence what, in another what to do, in both languages', (refusal: Refusal) => {
    const { en, zh } = textOf({ refusal });
    expect(en.startsWith(refusalTexts[refusal].en)).toBe(true);
    expect(zh.startsWith(refusalTexts[refusal].zh)).toBe(true);
    expect(en.endsWith(`What to do: ${refusalAdvice[refusal].en}.`)).toBe(true);
    expect(zh.endsWith(`建议：${refusalAdvice[refusal].zh}。`)).toBe(true);
    expect(en.includes('looked at again')).toBe(!isFinal(refusal));
    expect(zh.includes('再次考虑')).toBe(!isFinal(refusal));
    expect(refusalShown(refusal)).toMatchObject({ code: refusal, final: isFinal(refusal) });
  });
});

describe('evidence in words', () => {
  it('counts the nodes, the largest first, names the nearest group and the jobs ahead', () => {
    const shown = evidenceShown({
      nodesConsidered: 12,
      filteredBy: { 'stack-mismatch': 2, 'latency-above-limit': 0, 'architecture-mismatch': 4 },
      best: { groupId: 'a-1', freeNodes: 3, askedNodes: 8 },
      ahead: 5,
    });
    expect(shown.filteredBy.map(({ refusal, nodes }) => [refusal, nodes])).toEqual([
      ['architecture-mismatch', 4],
      ['stack-mismatch', 2],
    ]);
    expect(shown.best).toEqual({ group: 'a-1', freeNodes: 3, askedNodes: 8 });
    expect(shown.text.en).toBe(
      '12 nodes were considered; 4 could not be used: the CPU architecture differs from the one its image needs; ' +
        '2 could not be used: the software stack differs (CUDA or CANN) from the one its image needs; ' +
        'the nearest group, a-1, has 3 free of the 8 nodes it needs; 5 jobs are ahead.',
    );
    expect(shown.text.zh).toBe(
      '共考察 12 个节点；4 个不可用：CPU 架构不符；2 个不可用：软件栈不符（CUDA/CANN）；最接近的节点组 a-1 现有 3 个可用节点，需要 8 个；前面有 5 个作业。',
    );
  });

  it('says nothing of a nearest group where there is none', () => {
    const { best, text } = evidenceShown({ nodesConsidered: 0, filteredBy: {}, best: null, ahead: 0 });
    expect(best).toBeNull();
    expect(text).toEqual({
      en: '0 nodes were considered; 0 jobs are ahead.',
      zh: '共考察 0 个节点；前面有 0 个作业。',
    });
  });
});
