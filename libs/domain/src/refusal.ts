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
  'pool-not-open-to-tenant',
  'data-site-elsewhere',
  'no-link-to-inputs',
  'fraction-not-offered',
  'power-cap-reached',
  'green-share-too-low',
  'waiting-for-preemption',
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
  'pool-not-open-to-tenant': 'request-amended',
  'data-site-elsewhere': 'request-amended',
  'no-link-to-inputs': 'request-amended',
  'fraction-not-offered': 'request-amended',
  'power-cap-reached': 'hour-turned',
  'green-share-too-low': 'hour-turned',
  'waiting-for-preemption': 'node-freed',
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
  'quota-spent': {
    zh: '租户配额（含可借用部分）已用完',
    en: "the tenant's quota is spent, with what it may borrow",
  },
  'pool-not-open-to-tenant': { zh: '资源池不对该租户开放', en: 'the pool is not open to the tenant' },
  'data-site-elsewhere': { zh: '作业限定在其他站点运行', en: 'the job must run at another site' },
  'no-link-to-inputs': {
    zh: '输入数据所在站点到该资源池没有登记的链路',
    en: 'no link is declared from the site of its inputs',
  },
  'fraction-not-offered': {
    zh: '可用的资源池都不切分加速卡，只能申请整卡',
    en: 'no pool it may use shares its accelerators; it would have to ask for whole ones',
  },
  'power-cap-reached': { zh: '站点用电上限已达到', en: "the site's power cap leaves no room for it" },
  'green-share-too-low': {
    zh: '当前时段绿电占比低于作业要求，等待更绿的时段或截止时间',
    en: 'the green share of the coming hours is below what it asks for; waiting for greener ones or for its deadline',
  },
  'waiting-for-preemption': {
    zh: '正在为其腾出节点，等待被抢占作业退出',
    en: 'nodes are being vacated for it; waiting for the preempted work to stop',
  },
} as const satisfies Record<Refusal, { zh: string; en: string }>;

const ASK_ANEW = { zh: '请修改后重新提交', en: 'submit it anew' };

/** What whoever submitted the job can do about it; each a part of a sentence. */
export const refusalAdvice = {
  'no-free-accelerators': {
    zh: '无需操作；减少卡数、放宽型号或缩短时限可能更早开始',
    en: 'nothing needs to be done; fewer cards, another model or a shorter time limit may let it start sooner',
  },
  'no-free-nodes': {
    zh: '无需操作；减少节点数或每节点的核数、内存，或缩短时限，可能更早开始',
    en: 'nothing needs to be done; fewer or smaller nodes or a shorter time limit may let it start sooner',
  },
  'behind-reservation': {
    zh: '无需操作；缩短时限可使它嵌入更短的空档',
    en: 'nothing needs to be done; with a shorter time limit it fits into a shorter gap',
  },
  'behind-in-queue': { zh: '无需操作，按队列顺序等待', en: 'nothing needs to be done; its turn comes' },
  'before-earliest-start': {
    zh: '如可提前，请以更早的最早开始时间重新提交',
    en: 'if it may start earlier, submit it anew with an earlier earliest start',
  },
  'would-overrun-window': {
    zh: '缩短时限可在窗口之前运行，否则等窗口结束',
    en: 'a shorter time limit may let it run before the window; else it waits for the end of the window',
  },
  'accelerator-model-absent': {
    zh: `改选资源池已有的型号或不限型号，${ASK_ANEW.zh}`,
    en: `ask for a model that a pool has, or for none in particular, and ${ASK_ANEW.en}`,
  },
  'accelerator-memory-too-small': {
    zh: `降低显存要求或增加卡数，${ASK_ANEW.zh}`,
    en: `ask for less memory a card, or for more cards, and ${ASK_ANEW.en}`,
  },
  'architecture-mismatch': {
    zh: `使用该架构的镜像，或去掉架构要求，${ASK_ANEW.zh}`,
    en: `use an image of the other architecture, or drop the constraint, and ${ASK_ANEW.en}`,
  },
  'stack-mismatch': {
    zh: `使用另一软件栈的镜像，或改选资源池，${ASK_ANEW.zh}`,
    en: `use an image of the other stack, or list other pools, and ${ASK_ANEW.en}`,
  },
  'latency-above-limit': {
    zh: `提高时延上限，或改为离资源池更近的区，${ASK_ANEW.zh}`,
    en: `raise the limit, or name a district nearer to a pool, and ${ASK_ANEW.en}`,
  },
  'data-level-not-allowed': {
    zh: `改选允许该数据级别的资源池，或经确认降低级别，${ASK_ANEW.zh}`,
    en: `list a pool that may hold data of this level, or lower the level if the data allow it, and ${ASK_ANEW.en}`,
  },
  'pool-not-listed': { zh: `在 pools 中列出更多资源池，${ASK_ANEW.zh}`, en: `list more pools, and ${ASK_ANEW.en}` },
  'class-not-served': {
    zh: `改选承接该类作业的资源池，${ASK_ANEW.zh}`,
    en: `list a pool that serves this class, and ${ASK_ANEW.en}`,
  },
  'engine-unreachable': {
    zh: '无需操作；引擎恢复后自动考虑，也可改选其他资源池',
    en: 'nothing needs to be done; it goes on when the engine answers, and other pools may be listed meanwhile',
  },
  'nodes-out-of-service': {
    zh: '无需操作；节点恢复后自动考虑，减少节点数可能更早开始',
    en: 'nothing needs to be done; it goes on when nodes come back, and fewer nodes may let it start sooner',
  },
  'larger-than-any-pool': {
    zh: `减少节点数或每节点的卡、核、内存，${ASK_ANEW.zh}`,
    en: `ask for fewer or smaller nodes, and ${ASK_ANEW.en}`,
  },
  'rejected-by-engines': {
    zh: `按 detail 中引擎给出的原因修改请求，${ASK_ANEW.zh}`,
    en: `amend what the engines object to, and ${ASK_ANEW.en}`,
  },
  'quota-spent': {
    zh: '等待本租户的作业结束，或请运营方提高配额',
    en: 'wait for work of the tenant to end, or ask the operator for a larger quota',
  },
  'pool-not-open-to-tenant': {
    zh: '改选对本租户开放的资源池，或请运营方开放',
    en: 'list a pool that is open to the tenant, or ask the operator to open this one',
  },
  'data-site-elsewhere': {
    zh: `去掉 dataSite，或改选数据所在站点的资源池，${ASK_ANEW.zh}`,
    en: `drop the data site, or list a pool at that site, and ${ASK_ANEW.en}`,
  },
  'no-link-to-inputs': {
    zh: '改选与数据所在站点有链路的资源池，或请运营方登记链路',
    en: 'list a pool with a link to the site of the inputs, or ask the operator to declare one',
  },
  'fraction-not-offered': {
    zh: `改为整卡，或改选支持切卡的资源池，${ASK_ANEW.zh}`,
    en: `ask for whole cards, or list a pool that cuts them, and ${ASK_ANEW.en}`,
  },
  'power-cap-reached': {
    zh: '无需操作；用电上限放宽或站点负荷下降后启动，改选其他站点可能更早',
    en: 'nothing needs to be done; it starts when the cap or the load of the site allows, and another site may be sooner',
  },
  'green-share-too-low': {
    zh: '无需操作；降低绿电占比要求可更早开始',
    en: 'nothing needs to be done; with a lower green share it starts sooner',
  },
  'waiting-for-preemption': {
    zh: '无需操作，即将启动',
    en: 'nothing needs to be done; it starts as soon as they are free',
  },
} as const satisfies Record<Refusal, { zh: string; en: string }>;
