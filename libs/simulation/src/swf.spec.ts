import { cleanProtocolA } from './protocols/protocol-a.js';
import { processorsOf, readSwf, type SwfJob } from './swf.js';

const line = (fields: Record<number, number | string>): string =>
  Array.from({ length: 18 }, (_, index) => fields[index + 1] ?? -1).join(' ');
const whole = line({ 1: 7, 2: 100, 4: 60, 5: 4, 8: 8, 9: 90, 12: 3, 13: 2, 15: 1, 16: 5 });

describe('standard workload format', () => {
  it('reads the fields it keeps and the header', () => {
    const log = readSwf(`; Version: 2\n;   MaxProcs: 128\n\n  ${whole}\n`, { mode: 'strict' });
    expect(log.faults).toEqual([]);
    expect(log.header.get('MaxProcs')).toBe('128');
    expect(processorsOf(log)).toBe(128);
    expect(log.jobs).toEqual([
      {
        id: 7,
        submitSeconds: 100,
        runSeconds: 60,
        processors: 8,
        allocatedProcessors: 4,
        requestedSeconds: 90,
        user: 3,
        group: 2,
        queue: 1,
        partition: 5,
      },
    ]);
  });

  it('takes the allocated processors where none were requested, and cuts fractions off', () => {
    const log = readSwf(line({ 1: 1, 2: '10.9', 4: 5, 5: 4 }), { mode: 'protocol' });
    expect(log.jobs).toMatchObject([{ submitSeconds: 10, processors: 4 }]);
    expect(processorsOf(log)).toBe(4);
  });

  const faults: Record<string, { text: string; wantLine: number; wantProblem: RegExp }> = {
    'a line with too few fields': {
      text: `1 2 3\n${whole}\n`,
      wantLine: 1,
      wantProblem: /^3 fields where the format has 18/,
    },
    'a line with too many': { text: `${whole}\n${whole} 9\n`, wantLine: 2, wantProblem: /^19 fields/ },
    'a word among the numbers': {
      text: `${line({ 1: 1, 4: 'long' })}\n`,
      wantLine: 1,
      wantProblem: /^field 4 is "long", not a number/,
    },
    'a last line that was cut off': {
      text: `; x\n${whole}\n1 2 3 4`,
      wantLine: 3,
      wantProblem: /^the last line is cut off after 4 of 18/,
    },
  };
  it.each(Object.entries(faults))('strict reading reports %s', (_sentence, { text, wantLine, wantProblem }) => {
    const log = readSwf(text, { mode: 'strict' });
    expect(log.faults).toEqual([{ line: wantLine, problem: expect.stringMatching(wantProblem) }]);
  });

  it('the protocol reads on from eleven fields and skips shorter lines in silence', () => {
    const log = readSwf(`1 2 3\n${'1 '.repeat(11)}\n`, { mode: 'protocol' });
    expect({ jobs: log.jobs.length, faults: log.faults }).toEqual({ jobs: 1, faults: [] });
  });
});

describe('cleaning of protocol A', () => {
  const job = (id: number, over: Partial<SwfJob>): SwfJob => ({
    id,
    submitSeconds: 0,
    runSeconds: 10,
    processors: 1,
    requestedSeconds: 20,
    user: 1,
    group: 1,
    queue: 1,
    partition: 1,
    ...over,
  });

  it('drops what cannot run, kills at the limit, fills missing requests, sorts stably', () => {
    const cleaned = cleanProtocolA(
      [
        job(1, { submitSeconds: 5 }),
        job(2, { processors: 0 }),
        job(3, { processors: 5 }),
        job(4, { runSeconds: 0 }),
        job(5, { submitSeconds: -1 }),
        job(6, { requestedSeconds: -1 }),
        job(7, { runSeconds: 30, submitSeconds: 5 }),
        job(8, { processors: 4 }),
      ],
      4,
    );
    expect(cleaned.map(({ id, runSeconds, requestedSeconds }) => [id, runSeconds, requestedSeconds])).toEqual([
      [6, 10, 10],
      [8, 10, 20],
      [1, 10, 20],
      [7, 20, 20],
    ]);
  });
});
