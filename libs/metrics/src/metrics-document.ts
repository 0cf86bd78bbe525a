import {
  catalogueByGroup,
  groupTitles,
  maxSeries,
  maxSeriesPerFamily,
  prefix,
  type Family,
  type FamilyGroup,
} from './catalogue.js';

const origins = {
  state: '数据库 / database',
  durable: '持久计数 / durable counter',
  process: '进程 / process',
} as const satisfies Record<Family['origin'], string>;

/** Queries that the parts are exported for; ratios are made where they are read. */
const ratios = [
  [
    '小时匹配绿电占比 / hour-matched green share',
    `sum(rate(${prefix}green_matched_joules_total[1d])) / sum(rate(${prefix}facility_energy_joules_total[1d]))`,
  ],
  [
    '总量绿电占比 / volumetric green share',
    `clamp_max(sum(rate(${prefix}green_available_joules_total[1d])) / sum(rate(${prefix}facility_energy_joules_total[1d])), 1)`,
  ],
  [
    '电网平均绿电占比（仅网电部分）/ grid-average green share, of the energy from the grid',
    `sum(rate(${prefix}grid_green_joules_total[1d])) / sum(rate(${prefix}energy_supplied_joules_total{source="grid"}[1d]))`,
  ],
  ['PUE', `sum(rate(${prefix}facility_energy_joules_total[1d])) / sum(rate(${prefix}it_energy_joules_total[1d]))`],
  [
    '排队最久（秒）/ longest wait now, s',
    `${prefix}clock_timestamp_seconds - on () group_right () ${prefix}queue_oldest_submit_timestamp_seconds`,
  ],
] as const;

/** The text of METRICS.md: every family, as the catalogue has it. */
export function metricsDocument(): string {
  return `${[head(), ...groups().map(section), tail()].join('\n\n')}\n`;
}

const groups = (): FamilyGroup[] => Object.keys(catalogueByGroup) as FamilyGroup[];

function head(): string {
  const all = groups().flatMap((group) => familiesOf(group));
  const bound = all.reduce((sum, family) => sum + family.bound, 0);
  return [
    '# 指标目录 / Metrics',
    '由目录生成，请勿手改：`chusuan generate`。 / Generated from the catalogue, not edited by hand: `chusuan generate`.',
    `${all.length} 个指标族，合计最多 ${bound} 条序列（上限 ${maxSeries}，单族上限 ${maxSeriesPerFamily}）。` +
      ` / ${all.length} families, at most ${bound} series together (limit ${maxSeries}, ${maxSeriesPerFamily} a family).`,
    '- 数据库 / database: 定时读取，重启后计数器不回退 / read on a timer; counters go on after a restart',
    '- 持久计数 / durable counter: 各进程累加、存库 / added up by processes, kept in the database',
    '- 进程 / process: 随进程从零开始 / starts at zero with its process',
    '- 时钟 / clock: `service` 的时刻与 `chusuan_clock_timestamp_seconds` 比较，其速率除以 `chusuan_clock_rate`' +
      ' / times on the `service` clock are compared with `chusuan_clock_timestamp_seconds`, their rates divided by `chusuan_clock_rate`',
  ]
    .join('\n\n')
    .replaceAll('\n\n- ', '\n- ')
    .replace('\n- ', '\n\n- ');
}

function section(group: FamilyGroup): string {
  const title = groupTitles[group];
  return [
    `## ${group} ${title.zh} / ${title.en}`,
    '',
    '| name | type | unit | labels | ≤ series | clock | from | stability | meaning | source formula |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...familiesOf(group).map(row),
  ].join('\n');
}

function row(family: Family): string {
  const cells = [
    `\`${family.name}\``,
    family.type,
    family.unit,
    family.labels.join(', ') || '–',
    String(family.bound),
    family.clock ?? '–',
    origins[family.origin],
    family.stability,
    `${family.help.zh} ${family.help.en}${bucketsOf(family)}`,
    family.formula,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

const bucketsOf = ({ buckets }: Family): string => (buckets === undefined ? '' : ` Buckets: ${buckets.join(', ')}.`);
const familiesOf = (group: FamilyGroup): Family[] => Object.values<Family>(catalogueByGroup[group]);

function tail(): string {
  return [
    '## 比值 / Ratios',
    '',
    '三种绿电占比不可相加。 / The three green shares are never added.',
    '',
    '| ratio | query |',
    '|---|---|',
    ...ratios.map(([name, query]) => `| ${name} | \`${query}\` |`),
  ].join('\n');
}
