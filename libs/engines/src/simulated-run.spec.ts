import { drawnRunSeconds } from './index.js';
import { refOf, takingsOf } from './simulated-run.js';

const ids = Array.from(
  { length: 10_000 },
  (_, index) => `019aa0f2-7c00-7000-8000-${index.toString(16).padStart(12, '0')}`,
);

describe('the run time of a job that does not say', () => {
  const fractions = ids.map((id) => drawnRunSeconds(id, 100_000) / 100_000);

  it('lies between 5 % and 95 % of its limit', () => {
    expect(Math.min(...fractions)).toBeGreaterThanOrEqual(0.05);
    expect(Math.max(...fractions)).toBeLessThanOrEqual(0.95);
  });

  it('is spread evenly between them, also over ids made one after the other', () => {
    const tenths = Array.from({ length: 9 }, (_, index) => 0.05 + index * 0.1);
    const counts = tenths.map(
      (from) => fractions.filter((it) => it >= from && it < from + 0.1).length / fractions.length,
    );
    for (const count of counts) expect(count).toBeCloseTo(1 / 9, 1);
    expect(fractions.reduce((sum, it) => sum + it, 0) / fractions.length).toBeCloseTo(0.5, 2);
  });

  it('is at least a second, however short the limit', () => {
    expect(ids.slice(0, 100).map((id) => drawnRunSeconds(id, 1))).toEqual(Array.from({ length: 100 }, () => 1));
  });
});

describe('the ref of a simulated job', () => {
  it('gives back what the job takes, whatever its group is called', () => {
    const takes = { groupId: 'ascend/910b ~ 鄂州', nodes: 3, perNode: { cards: 8, cores: 0.5, memoryGiB: 1536 } };
    expect(takingsOf(refOf('0001', takes))).toEqual(takes);
  });
  it('gives back which part of which cards it takes of each node', () => {
    const takes = {
      groupId: 'h20',
      nodes: 2,
      perNode: { cards: 0.25, cores: 2, memoryGiB: 16 },
      sharing: { milli: 285, devices: [[3], [0]] },
    };
    expect(takingsOf(refOf('0001', takes))).toEqual(takes);
  });
  it('says nothing when another engine wrote it', () => {
    expect(takingsOf('slurm-4711')).toBeNull();
  });
});
