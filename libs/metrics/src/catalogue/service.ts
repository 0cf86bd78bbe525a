import { authFailures, httpPriorities, httpRejections, idempotencyResults } from '#libs/application';
import { bounds, counter, gauge, histogram } from './family.js';

const { routes } = bounds;
const latencyBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
/** Collectors of the exporter; more than there are, so that one can be added without touching this. */
const collectorBound = 16;

/** H: the service itself. */
export const serviceFamilies = {
  httpRequests: counter('http_requests_total', ['route', 'method', 'code'], {
    origin: 'process',
    unit: 'requests',
    bound: routes * 8,
    fold: { label: 'route', sets: 24 },
    clock: 'wall',
    help: {
      zh: 'HTTP 请求数；route 为模板，从不是原始路径。',
      en: 'HTTP requests; route is the template, never the raw path.',
    },
    formula: 'told when a request ended',
  }),
  httpDuration: histogram('http_request_duration_seconds', ['route', 'method'], {
    unit: 's',
    sets: routes,
    buckets: latencyBuckets,
    fold: { label: 'route', sets: 6 },
    clock: 'wall',
    help: { zh: 'HTTP 请求时延。', en: 'Latency of HTTP requests.' },
    formula: 'observed when a request ended',
  }),
  httpInFlight: gauge('http_requests_in_flight', ['priority'], {
    origin: 'process',
    unit: 'requests',
    bound: httpPriorities.length,
    help: { zh: '处理中的请求数，按优先级。', en: 'Requests being answered, by priority level.' },
    formula: `priority = ${httpPriorities.join(', ')}`,
  }),
  httpRejected: counter('http_rejected_total', ['reason'], {
    origin: 'process',
    unit: 'requests',
    bound: httpRejections.length,
    clock: 'wall',
    help: { zh: '被挡下的请求数。', en: 'Requests turned away before a use case saw them.' },
    formula: `reason = ${httpRejections.join(', ')}`,
  }),
  idempotentReplays: counter('idempotent_replays_total', ['result'], {
    origin: 'process',
    unit: 'requests',
    bound: idempotencyResults.length,
    clock: 'wall',
    help: { zh: '幂等键重复使用的请求数。', en: 'Requests whose idempotency key had been used.' },
    formula: `result = ${idempotencyResults.join(', ')}`,
  }),
  authFailures: counter('auth_failures_total', ['reason'], {
    origin: 'process',
    unit: 'events',
    bound: authFailures.length,
    clock: 'wall',
    help: { zh: '认证失败与越权次数。', en: 'Keys that were not accepted and actions that were denied.' },
    formula: `reason = ${authFailures.join(', ')}`,
  }),
  dbPool: gauge('db_pool_connections', ['state'], {
    origin: 'process',
    unit: 'connections',
    bound: 3,
    help: { zh: '数据库连接数及等待者数。', en: 'Database connections of this process, and who waits for one.' },
    formula: 'asked of the pools at scrape; state = idle, used, waiting',
  }),
  outboxPending: gauge('outbox_pending', ['kind'], {
    origin: 'state',
    unit: 'messages',
    bound: 4,
    help: { zh: '待发送的引擎指令数。', en: 'Orders to engines that are not delivered yet.' },
    formula: 'count of open outbox rows; kind = dispatch, cancel',
  }),
  clockTimestamp: gauge('clock_timestamp_seconds', [], {
    origin: 'state',
    unit: 'unix s',
    bound: 1,
    clock: 'service',
    help: {
      zh: '业务时钟当前时刻，查询中代替 time()。',
      en: 'The service clock now; stands for time() in queries on service time.',
    },
    formula: 'origin + rate × (wall − wall origin), at scrape',
  }),
  clockRate: gauge('clock_rate', [], {
    origin: 'state',
    unit: 'ratio',
    bound: 1,
    help: { zh: '业务时钟快慢，生产环境为 1。', en: 'Service seconds in a wall second; 1 in production.' },
    formula: 'service_clock.rate',
  }),
  exporterScrape: gauge('exporter_scrape_seconds', ['collector'], {
    origin: 'state',
    unit: 's',
    bound: collectorBound,
    clock: 'wall',
    help: { zh: '各采集器最近一次耗时。', en: 'What each collector took at the last refresh.' },
    formula: 'stopwatch around the collector',
  }),
  exporterSuccess: gauge('exporter_collector_success', ['collector'], {
    origin: 'state',
    unit: '0/1',
    bound: collectorBound,
    help: {
      zh: '采集器最近一次成功为 1；失败时保留上次的值。',
      en: '1 when the collector succeeded at the last refresh; after a failure its last values stay.',
    },
    formula: '0 after an error',
  }),
  exporterRefresh: gauge('exporter_last_refresh_timestamp_seconds', [], {
    origin: 'state',
    unit: 'unix s',
    bound: 1,
    clock: 'wall',
    help: { zh: '最近一次刷新完成时刻。', en: 'When the last refresh ended; old when refreshing hangs.' },
    formula: 'wall time at the end of a refresh',
  }),
  seriesDropped: counter('metric_series_dropped_total', ['metric'], {
    origin: 'process',
    unit: 'series',
    bound: 80,
    clock: 'wall',
    help: {
      zh: '因序列上限被合并或舍去的序列数。',
      en: 'Series folded into _other or left out because a bound was met.',
    },
    formula: 'each series once in the life of the process',
  }),
  buildInfo: gauge('build_info', ['version', 'revision', 'node_version'], {
    origin: 'process',
    unit: 'info',
    bound: 1,
    help: { zh: '版本信息，恒为 1。', en: 'Build of this process, always 1.' },
    formula: 'constant',
  }),
} as const;
