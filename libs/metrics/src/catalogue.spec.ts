import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { familyKeys, familyOf, labelNames, maxSeries, maxSeriesPerFamily, prefix } from './catalogue.js';
import { metricsDocument } from './metrics-document.js';

const families = familyKeys.map(familyOf);

/** Every label there is. A new one is a decision: it must be bounded, and it must be no person, job, node or path. */
const wantLabels = [
  'assumed',
  'basis',
  'channel',
  'city',
  'class',
  'code',
  'collector',
  'component',
  'decision',
  'engine',
  'kept',
  'kind',
  'method',
  'metric',
  'model',
  'node_version',
  'op',
  'outcome',
  'pool',
  'precision',
  'priority',
  'reason',
  'result',
  'revision',
  'route',
  'scope',
  'site',
  'source',
  'stage',
  'state',
  'tenant',
  'version',
];

describe('the metric catalogue', () => {
  it('knows these labels and no others', () => {
    expect([...labelNames].toSorted()).toEqual(wantLabels);
  });

  it('names each family once, in lower case, with the prefix', () => {
    const names = families.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[a-z][a-z0-9_]*$/.test(name) || !name.startsWith(prefix))).toEqual([]);
  });

  it('ends counters and nothing else with _total', () => {
    expect(families.filter(({ name, type }) => name.endsWith('_total') !== (type === 'counter'))).toEqual([]);
  });

  it('ends times and nothing else with _timestamp_seconds', () => {
    expect(families.filter(({ name, unit }) => name.endsWith('_timestamp_seconds') !== (unit === 'unix s'))).toEqual(
      [],
    );
  });

  it('explains each family in Chinese and in English, in whole sentences', () => {
    expect(families.filter(({ help }) => !help.zh.endsWith('。') || !help.en.endsWith('.'))).toEqual([]);
  });

  it('gives histograms rising buckets and nobody else any', () => {
    for (const { type, buckets, name } of families) {
      expect([name, buckets !== undefined]).toEqual([name, type === 'histogram']);
      expect(buckets).toEqual(buckets?.toSorted((a, b) => a - b));
    }
  });

  it('calls only a ratio of distributions, of devices or of meters a ratio', () => {
    const wanted = [
      'job_estimate_error_ratio',
      'job_slowdown_ratio',
      'meter_estimated_ratio',
      'tenant_fair_share_ratio',
    ];
    const ratios = families.map(({ name }) => name.slice(prefix.length)).filter((name) => name.endsWith('_ratio'));
    expect(ratios.toSorted()).toEqual(wanted);
  });

  it('folds by a label that the family has', () => {
    expect(families.filter(({ fold, labels }) => fold !== undefined && !labels.includes(fold.label))).toEqual([]);
  });

  it('keeps the whole and each family within the series that Prometheus is promised', () => {
    const sum = families.reduce((total, { bound }) => total + bound, 0);
    expect(sum).toBeLessThanOrEqual(maxSeries);
    expect(families.filter(({ bound }) => bound > maxSeriesPerFamily || bound < 1)).toEqual([]);
  });

  it('is what METRICS.md says; after a change run "npm run generate"', () => {
    expect(readFileSync(join(__dirname, '..', 'METRICS.md'), 'utf8')).toBe(metricsDocument());
  });
});
