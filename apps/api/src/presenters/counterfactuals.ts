import type { Counterfactual, Counterfactuals, Gain } from '#libs/application';
import { type JobRequest, refusalTexts, rfc3339 } from '#libs/domain';
import type { Change } from '#libs/scheduling';
import type { ChangeShown, CounterfactualShown, CounterfactualsShown } from '../quotes/counterfactual-views.js';
import type { Reference } from '../reference.js';
import { yuanFromNumber } from './amounts.js';
import { evidenceShown, refusalShown } from './explanation.js';
import { offerShown } from './offer.js';

type Words = { readonly zh: string; readonly en: string };

/** Null: the job does not wait any more, or nodes are being vacated for it. */
export function counterfactualsShown(
  told: Counterfactuals | null,
  request: JobRequest,
  reference: Reference,
): CounterfactualsShown {
  if (told === null) return { asItIs: null, tried: [], items: [], text: notWaiting };
  const { option, refusal } = told.asItIs;
  return {
    asItIs: { offer: option && offerShown(option, reference), refusal: refusal && refusalShown(refusal) },
    tried: told.tried.map((change) => changeShown(change, request)),
    items: told.helpful.map((one) => counterfactualShown(one, request, reference)),
    text: summary(told),
  };
}

function counterfactualShown(one: Counterfactual, request: JobRequest, reference: Reference): CounterfactualShown {
  const { change, option, gain, startsOnlySo, workShare } = one;
  const shown = offerShown(option, reference);
  return {
    change: changeShown(change, request),
    text: sentence(one, shown.poolName),
    ...shown,
    gain: {
      ...gain,
      estimateSeconds: rounded(gain.estimateSeconds),
      p50Seconds: rounded(gain.p50Seconds),
      p90Seconds: rounded(gain.p90Seconds),
      costYuan: gain.costYuan === null ? null : yuanFromNumber(gain.costYuan),
    },
    startsOnlySo,
    workShare,
  };
}

const rounded = (seconds: number | null): number | null => (seconds === null ? null : Math.round(seconds));

export function changeShown(change: Change, request: JobRequest): ChangeShown {
  const { kind } = change;
  if (kind === 'borrow') return { kind, of: 'tenant-quota', patch: { borrowingLimit: null } };
  return { kind, of: 'request', patch: patchOf(change, request) };
}

function patchOf(change: Exclude<Change, { kind: 'borrow' }>, { resources }: JobRequest): ChangeShown['patch'] {
  switch (change.kind) {
    case 'any-pool':
      return { constraints: { pools: null } };
    case 'other-model':
      return { resources: { acceleratorModels: [...change.models] } };
    case 'any-latency':
      return { constraints: { maxLatencyMs: null } };
    case 'fewer-nodes': {
      const { nodes } = change;
      return {
        resources: { nodes: resources.nodesMax === undefined ? nodes : { min: nodes, max: resources.nodesMax } },
      };
    }
    case 'shorter-limit':
      return { timeLimitSeconds: change.limit };
    case 'later-deadline':
      return { constraints: { deadline: rfc3339(change.deadline * 1000) } };
    case 'no-green-floor':
      return { constraints: { minGreenShare: null } };
    case 'no-earliest-start':
      return { constraints: { earliestStart: null } };
    case 'preemptible':
      return { flexibility: { preemptible: true } };
  }
}

// ---------------------------------------------------------------- in words

function wordsOf(change: Change): Words {
  switch (change.kind) {
    case 'any-pool':
      return { zh: '不限定资源池', en: 'in any pool' };
    case 'other-model':
      return { zh: `改用加速卡 ${change.models.join('、')}`, en: `on ${change.models.join(' or ')}` };
    case 'any-latency':
      return { zh: '不限时延', en: 'without its latency limit' };
    case 'fewer-nodes':
      return { zh: `只用 ${change.nodes} 个节点`, en: `on ${change.nodes} ${change.nodes === 1 ? 'node' : 'nodes'}` };
    case 'shorter-limit':
      return { zh: `时限缩短为 ${span(change.limit).zh}`, en: `with a limit of ${span(change.limit).en}` };
    case 'later-deadline':
      return {
        zh: `截止时间推迟到 ${rfc3339(change.deadline * 1000)}`,
        en: `with ${rfc3339(change.deadline * 1000)} as its deadline`,
      };
    case 'no-green-floor':
      return { zh: '不要求绿电占比', en: 'without its minimum green share' };
    case 'no-earliest-start':
      return { zh: '不限最早开始时间', en: 'without its earliest start' };
    case 'preemptible':
      return { zh: '允许被抢占', en: 'as preemptible work' };
    case 'borrow':
      return { zh: '若租户配额或可借用额度足够', en: 'if the quota of its tenant, or what it may borrow, were enough' };
  }
}

function sentence({ change, option, gain, startsOnlySo, workShare }: Counterfactual, pool: Words): Words {
  const what = wordsOf(change);
  const at = option.start && rfc3339(option.start.p50Ms ?? option.start.estimateMs);
  const parts: Words[] = [
    { zh: `${what.zh}：预计 ${at} 在${pool.zh}开始`, en: `${what.en} it would start at ${at} in ${pool.en}` },
    startsOnlySo ? { zh: '否则看不到开始时间', en: 'while no start is in sight as it is' } : soonerWords(gain),
    ...costWords(gain),
    ...greenWords(gain),
    ...workWords(workShare),
  ];
  return { zh: `${parts.map(({ zh }) => zh).join('，')}。`, en: `${capital(parts.map(({ en }) => en).join(', '))}.` };
}

function soonerWords({ p50Seconds, estimateSeconds }: Gain): Words {
  const seconds = Math.round(p50Seconds ?? estimateSeconds ?? 0);
  if (seconds === 0) return { zh: '开始时间不变', en: 'no sooner and no later' };
  const { zh, en } = span(Math.abs(seconds));
  return seconds > 0 ? { zh: `提前 ${zh}`, en: `${en} sooner` } : { zh: `推迟 ${zh}`, en: `${en} later` };
}

function costWords({ costYuan }: Gain): Words[] {
  if (costYuan === null || Math.abs(costYuan) < 0.005) return [];
  const yuan = Math.abs(costYuan).toFixed(2);
  return [
    costYuan > 0
      ? { zh: `电费少 ${yuan} 元`, en: `for ${yuan} yuan less` }
      : { zh: `电费多 ${yuan} 元`, en: `for ${yuan} yuan more` },
  ];
}

function greenWords({ greenShare }: Gain): Words[] {
  const points = Math.round((greenShare?.hourMatched ?? 0) * 1000) / 10;
  if (points === 0) return [];
  const size = Math.abs(points);
  return [
    points > 0
      ? { zh: `逐时绿电占比高 ${size} 个百分点`, en: `with ${size} points more of hour-matched green power` }
      : { zh: `逐时绿电占比低 ${size} 个百分点`, en: `with ${size} points less of hour-matched green power` },
  ];
}

function workWords(workShare: number | null): Words[] {
  if (workShare === null) return [{ zh: '换卡后算力不同', en: 'on cards of another speed' }];
  if (workShare === 1) return [];
  const percent = Math.round(workShare * 100);
  return [
    {
      zh: `时限内可完成的计算量约为原来的 ${percent}%，少花的电费与电量不算节省`,
      en: `but it may compute only ${percent} % as much, so less cost and energy are no gain`,
    },
  ];
}

const notWaiting: Words = {
  zh: '该作业已不在排队，或正在为其腾出节点，无需改动。',
  en: 'It does not wait any more, or nodes are being vacated for it: there is nothing to change.',
};

function summary({ helpful, nothingHelps, tried }: Counterfactuals): Words {
  if (nothingHelps === null) {
    return {
      zh: `逐一试算了 ${tried.length} 项改动，列出其中有益的 ${helpful.length} 项，最早开始的在前。`,
      en: `Of ${tried.length} changes that were tried one at a time, ${helpful.length === 1 ? 'this 1 helps' : `these ${helpful.length} help, the soonest first`}.`,
    };
  }
  const { zh, en } = whyWords(nothingHelps);
  return {
    zh: `试算的 ${tried.length} 项改动都没有帮助，因为${zh}`,
    en: `None of the ${tried.length} changes that were tried would help, because ${en}`,
  };
}

function whyWords(why: NonNullable<Counterfactuals['nothingHelps']>): Words {
  switch (why.kind) {
    case 'starts-now':
      return {
        zh: '它现在就能开始，也没有更便宜或更绿的改法。',
        en: 'it would start at once as it is, and none makes it cheaper or greener.',
      };
    case 'refused':
      return { zh: `${refusalTexts[why.refusal].zh}，这些改动都解决不了。`, en: `${refusalTexts[why.refusal].en}.` };
    case 'others-ahead': {
      const { zh, en } = evidenceShown(why.evidence).text;
      return { zh: `无论怎样都要等同样的节点：${zh}`, en: `it waits for others either way: ${en}` };
    }
  }
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** The two largest units, rounded down: "1 h 5 min". */
function span(seconds: number): Words {
  const units = [
    { size: 86_400, zh: '天', en: 'd' },
    { size: 3600, zh: '小时', en: 'h' },
    { size: 60, zh: '分钟', en: 'min' },
    { size: 1, zh: '秒', en: 's' },
  ];
  const first = Math.max(
    0,
    units.findIndex(({ size }) => seconds >= size),
  );
  let left = seconds;
  const parts = units.slice(first, first + 2).flatMap(({ size, zh, en }) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count > 0 ? [{ zh: `${count} ${zh}`, en: `${count} ${en}` }] : [];
  });
  return { zh: parts.map(({ zh }) => zh).join(' '), en: parts.map(({ en }) => en).join(' ') };
}
