/** One row for each kind of problem the API answers with: its status, its titles, and what the page at /problems/<code> says. */
export interface ProblemKind {
  readonly status: number;
  readonly title: { readonly en: string; readonly zh: string };
  /** What to do next. */
  readonly remedy: { readonly en: string; readonly zh: string };
}

const kind = (status: number, title: readonly [string, string], remedy: readonly [string, string]): ProblemKind => ({
  status,
  title: { en: title[0], zh: title[1] },
  remedy: { en: remedy[0], zh: remedy[1] },
});

const requests = {
  'body-malformed': kind(
    400,
    ['The body is not valid JSON', '请求体不是合法的 JSON'],
    ['Correct the text at the place that `detail` names.', '请修正 `detail` 所指位置的文本。'],
  ),
  'body-missing': kind(
    400,
    ['The body is missing', '缺少请求体'],
    ['Send a JSON object with Content-Type: application/json.', '请以 Content-Type: application/json 发送 JSON 对象。'],
  ),
  'body-unsafe': kind(
    400,
    ['The body holds what cannot be stored', '请求体包含无法存储的内容'],
    [
      'Nest at most 32 levels deep; leave out NUL characters, lone surrogates and the key "__proto__".',
      '嵌套不超过 32 层，且不要包含 NUL 字符、孤立代理项或 "__proto__" 键。',
    ],
  ),
  'url-malformed': kind(
    400,
    ['The address cannot be read', '请求地址无法解析'],
    ['Percent-encode the path and the query correctly.', '请正确地对路径和查询参数做百分号编码。'],
  ),
  'header-invalid': kind(
    400,
    ['A header is not what it must be', '请求头不合规'],
    ['Correct the header that `errors` names.', '请修正 `errors` 指出的请求头。'],
  ),
  'request-timeout': kind(
    408,
    ['The request took too long to arrive', '请求未在限定时间内送达'],
    ['Send the whole request at once; try again.', '请一次性发送完整请求后重试。'],
  ),
  'body-too-large': kind(
    413,
    ['The body is too large', '请求体过大'],
    ['Send at most 1 MB; put large scripts into the image.', '请求体上限为 1 MB；大脚本请放入镜像。'],
  ),
  'url-too-long': kind(
    414,
    ['The address is too long', '请求地址过长'],
    ['Shorten the path parameters.', '请缩短路径参数。'],
  ),
  'media-type-unsupported': kind(
    415,
    ['The content type is not supported', '不支持的内容类型'],
    ['Send JSON with Content-Type: application/json.', '请以 Content-Type: application/json 发送 JSON。'],
  ),
  'headers-too-large': kind(
    431,
    ['The headers are too large', '请求头过大'],
    ['Send fewer or shorter headers.', '请减少或缩短请求头。'],
  ),
} as const;

const contents = {
  'request-invalid': kind(
    422,
    ['The request has faults', '请求内容有误'],
    ['Correct each field that `errors` points to.', '请逐项修正 `errors` 指出的字段。'],
  ),
  'not-offered': kind(
    422,
    ['The request asks for what this version does not offer', '请求了本版本未提供的功能'],
    ['Leave out the fields that `errors` points to.', '请去掉 `errors` 指出的字段。'],
  ),
  'query-invalid': kind(
    422,
    ['The query has faults', '查询参数有误'],
    ['Correct each parameter that `errors` names.', '请逐项修正 `errors` 指出的参数。'],
  ),
  'cursor-invalid': kind(
    422,
    ['The cursor does not belong to this list', '翻页游标与此列表不符'],
    [
      'Start again without `cursor`, and keep the filters while paging.',
      '请去掉 `cursor` 从头翻页，翻页时保持筛选条件不变。',
    ],
  ),
  'tenant-needed': kind(
    422,
    ['The key covers several tenants; name one', '密钥覆盖多个租户，请指明其一'],
    ['Set `tenant` in the body.', '请在请求体中给出 `tenant`。'],
  ),
  'tenant-out-of-reach': kind(
    422,
    ['The key does not cover this tenant', '密钥不覆盖该租户'],
    ['Name a tenant that the key covers (GET /v1/tenants).', '请使用密钥所覆盖的租户（GET /v1/tenants）。'],
  ),
  'data-level-above-tenant': kind(
    422,
    ['The data level is above what the tenant may use', '数据级别超出租户许可'],
    [
      'Lower `constraints.dataLevel`, or ask the operator to raise the tenant’s level.',
      '请降低 `constraints.dataLevel`，或联系运营方调整租户级别。',
    ],
  ),
  'never-runnable': kind(
    422,
    ['No pool could ever run this job', '没有资源池能够运行该作业'],
    [
      'Change what `refusal` names; where size is in the way, `largest` is the largest that would be admitted.',
      '请调整 `refusal` 指出的条件；若因规模受限，`largest` 为可被接纳的最大规模。',
    ],
  ),
  'idempotency-key-reused': kind(
    422,
    ['The Idempotency-Key was used with another body', 'Idempotency-Key 已用于不同的请求体'],
    [
      'Use a new key for a new request; repeat the very same body to get the first answer again.',
      '新请求请使用新键；若要取回首次结果，请原样重发请求体。',
    ],
  ),
} as const;

const access = {
  'key-missing': kind(
    401,
    ['No API key', '缺少 API 密钥'],
    ['Send Authorization: Bearer <key>.', '请发送 Authorization: Bearer <密钥>。'],
  ),
  'key-unknown': kind(
    401,
    ['The API key is unknown', 'API 密钥无效'],
    ['Check the key, or ask the operator for a new one.', '请核对密钥，或向运营方申请新密钥。'],
  ),
  'key-expired': kind(
    401,
    ['The API key has expired', 'API 密钥已过期'],
    ['Ask the operator for a new key.', '请向运营方申请新密钥。'],
  ),
  'key-revoked': kind(
    401,
    ['The API key was revoked', 'API 密钥已被吊销'],
    ['Ask the operator for a new key.', '请向运营方申请新密钥。'],
  ),
  'role-forbidden': kind(
    403,
    ['The key’s role may not do this', '密钥的角色无权执行此操作'],
    ['Use a key of one of the roles that `allowed` lists.', '请使用 `allowed` 所列角色的密钥。'],
  ),
  'too-many-requests': kind(
    429,
    ['Too many requests', '请求过于频繁'],
    ['Wait as long as Retry-After says.', '请按 Retry-After 等待后重试。'],
  ),
  'too-many-streams': kind(
    429,
    ['Too many open event streams', '打开的事件流过多'],
    ['Close streams that are not read any more.', '请关闭不再读取的事件流。'],
  ),
} as const;

const resources = {
  'route-unknown': kind(
    404,
    ['There is no such route', '没有这个接口'],
    ['See /docs for the routes there are.', '可用接口见 /docs。'],
  ),
  'method-not-allowed': kind(
    405,
    ['The route does not take this method', '该接口不支持此方法'],
    ['Use one of the methods in the Allow header.', '请使用 Allow 头列出的方法。'],
  ),
  'job-unknown': kind(
    404,
    ['There is no such job', '没有这个作业'],
    ['Check the id; a key sees the jobs of its own tenants only.', '请核对编号；密钥只能看到其租户的作业。'],
  ),
  'pool-unknown': kind(404, ['There is no such pool', '没有这个资源池'], ['See GET /v1/pools.', '见 GET /v1/pools。']),
  'node-unknown': kind(
    404,
    ['There is no such node', '没有这个节点'],
    ['See GET /v1/pools/{id}/nodes.', '见 GET /v1/pools/{id}/nodes。'],
  ),
  'power-cap-unknown': kind(
    404,
    ['There is no such power cap that stands', '没有这个生效中的用电上限'],
    ['See GET /v1/power-caps.', '见 GET /v1/power-caps。'],
  ),
  'tenant-unknown': kind(
    404,
    ['There is no such tenant', '没有这个租户'],
    ['See GET /v1/tenants for those the key covers.', '密钥覆盖的租户见 GET /v1/tenants。'],
  ),
  'problem-unknown': kind(
    404,
    ['There is no such kind of problem', '没有这种问题类型'],
    ['See /problems for the list.', '列表见 /problems。'],
  ),
  'logs-not-kept': kind(
    404,
    ['No output is kept for this job', '未保存该作业的输出'],
    [
      'Output is kept by engines that declare it, from the start of an attempt.',
      '仅由声明了日志能力的引擎在作业启动后保存输出。',
    ],
  ),
  'reservation-unknown': kind(
    404,
    ['There is no such reservation', '没有这个预约或维护窗口'],
    ['Check the id; a key sees the reservations of its own tenants only.', '请核对编号；密钥只能看到其租户的预约。'],
  ),
  'reservation-over': kind(
    409,
    ['The reservation is already over', '预约已结束'],
    ['Nothing is left to change; book anew.', '已无可更改，请重新预约。'],
  ),
  'nodes-booked': kind(
    409,
    ['Too few nodes are free of bookings', '可预约的节点不足'],
    [
      'Ask for fewer nodes, for another time, or move what `inTheWay` names.',
      '请减少节点数、更换时间，或调整 `inTheWay` 所列的预约。',
    ],
  ),
  'quota-changed': kind(
    409,
    ['The quota was changed meanwhile', '配额已被他人修改'],
    ['Read it again and decide anew.', '请重新读取后再决定。'],
  ),
  'quota-over-promised': kind(
    422,
    ['The quotas below come to more than the tenant has', '下级配额之和超过本级配额'],
    ['Raise the quota of the parent first, or lower those below.', '请先提高上级配额，或降低下级配额。'],
  ),
  'job-over': kind(409, ['The job is already over', '作业已结束'], ['Nothing is left to cancel.', '无需取消。']),
} as const;

const service = {
  internal: kind(
    500,
    ['Something went wrong on our side', '服务内部错误'],
    ['Try again; tell the operator the trace_id if it stays.', '请重试；若持续出现，请将 trace_id 告知运营方。'],
  ),
  'database-unavailable': kind(
    503,
    ['The database does not answer', '数据库暂不可用'],
    [
      'Try again as Retry-After says; repeat a submission with the same Idempotency-Key.',
      '请按 Retry-After 重试；提交作业请沿用同一 Idempotency-Key。',
    ],
  ),
  'planner-not-ready': kind(
    503,
    ['The planner is still loading', '调度器仍在加载'],
    ['Try again as Retry-After says.', '请按 Retry-After 重试。'],
  ),
  'what-ifs-busy': kind(
    503,
    ['Too many counterfactuals are being worked out', '同时进行的假设试算过多'],
    ['Try again as Retry-After says, or ask without them.', '请按 Retry-After 重试，或不带假设试算再问。'],
  ),
  'bookings-busy': kind(
    503,
    ['Others are booking at the moment', '预留正被他人占用'],
    ['Try again as Retry-After says; nothing was changed.', '请按 Retry-After 重试；未作任何更改。'],
  ),
  'engine-unreachable': kind(
    503,
    ['The pool’s engine does not answer', '资源池引擎暂不可达'],
    ['Try again later; running jobs go on.', '请稍后重试；运行中的作业不受影响。'],
  ),
  'not-ready': kind(
    503,
    ['The service is not ready', '服务尚未就绪'],
    ['See /readyz for the check that fails.', '失败的检查项见 /readyz。'],
  ),
  'shutting-down': kind(
    503,
    ['The service is shutting down', '服务正在关闭'],
    ['Try again in a few seconds.', '请数秒后重试。'],
  ),
} as const;

export const problemKinds = { ...requests, ...contents, ...access, ...resources, ...service } as const satisfies Record<
  string,
  ProblemKind
>;
export type ProblemCode = keyof typeof problemKinds;
export const problemCodes = Object.keys(problemKinds) as ProblemCode[];
export const isProblemCode = (text: unknown): text is ProblemCode =>
  typeof text === 'string' && Object.hasOwn(problemKinds, text);
