import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readTrace, renderTraceFaults } from '#libs/config';
import { readSwf } from '#libs/simulation';

let directory: string;
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'chusuan-trace-'))));
afterEach(() => rm(directory, { recursive: true }));

const row = (id: number): string => `${id} ${id * 10} -1 60 4 -1 -1 4 100 -1 1 2 3 -1 1 -1 -1 -1`;
const rows = (count: number): string =>
  Array.from({ length: count }, (_row, index) => row(index + 1)).join('\n') + '\n';
const log = `; Version: 2.2\n; Computer: IBM SP2\n;\n${rows(3)}`;

async function read(content: string | Uint8Array, name = 'log.swf') {
  const file = join(directory, name);
  await writeFile(file, content);
  return readTrace(file, (text) => readSwf(text, { mode: 'strict' }));
}
async function faultsOf(content: string | Uint8Array) {
  const result = await read(content);
  if (result.kind === 'ok') throw new Error('no fault was found');
  return result;
}

it.each([
  ['plain', log],
  ['gzipped', gzipSync(log)],
])('reads a %s log', async (_how, content) => {
  const result = await read(content);
  if (result.kind === 'faults') throw new Error(renderTraceFaults(result));
  expect(result.jobs.map(({ id }) => id)).toEqual([1, 2, 3]);
  expect(result.jobs[0]).toMatchObject({
    submitSeconds: 10,
    runSeconds: 60,
    processors: 4,
    requestedSeconds: 100,
    user: 2,
  });
  expect(result.header.get('Computer')).toBe('IBM SP2');
});

it('tells a gzip by its bytes, not by its name', async () => {
  expect((await read(gzipSync(log), 'log.txt')).kind).toBe('ok');
  expect((await read(log, 'log.swf.gz')).kind).toBe('ok');
});

it('keeps characters whole that lie across two chunks', async () => {
  const filler = `; Note: ${'算'.repeat(200_000)}\n`;
  const result = await read(filler + log);
  if (result.kind === 'faults') throw new Error(renderTraceFaults(result));
  expect(result.header.get('Note')).toBe('算'.repeat(200_000));
});

it('says how far a truncated gzip goes', async () => {
  const packed = gzipSync(rows(50_000));
  const { faults, count } = await faultsOf(packed.subarray(0, packed.length >> 1));
  expect(count).toBe(1);
  expect(faults[0]!.problem).toMatch(/^the gzip ends early, after \d{4,5} whole lines: .*fetch it again/);
});

it('says that a gzip is damaged', async () => {
  const packed = Buffer.from(gzipSync(rows(5_000)));
  packed.fill(0xff, packed.length >> 1, (packed.length >> 1) + 64);
  expect((await faultsOf(packed)).faults[0]!.problem).toMatch(/the gzip (is damaged|ends early)/);
});

it('names the line and the problem of each malformed line', async () => {
  const bad = `${row(1)}\n2 20 -1 sixty 4 -1 -1 4 100 -1 1 2 3 -1 1 -1 -1 -1\n3 30 -1 60\n${row(4)}\n`;
  const result = await faultsOf(bad);
  expect(result.faults.map(({ line }) => line)).toEqual([2, 3]);
  expect(result.faults[0]!.problem).toContain('field 4 is "sixty"');
  expect(result.faults[1]!.problem).toContain('4 fields');
  expect(renderTraceFaults(result).split('\n')[0]).toMatch(/log\.swf:2: field 4 is "sixty"/);
});

it('shows twenty faults and counts the rest', async () => {
  const result = await faultsOf(Array.from({ length: 33 }, () => 'one two').join('\n') + '\n');
  expect([result.faults.length, result.count]).toEqual([20, 33]);
  expect(renderTraceFaults(result)).toMatch(/… and 13 more$/);
});

it('says that a file is not there, is a directory, or holds no job', async () => {
  const reader = (text: string) => readSwf(text, { mode: 'strict' });
  const missing = await readTrace(join(directory, 'nothing.swf'), reader);
  const folder = await readTrace(directory, reader);
  const empty = await read('');
  const problems = [missing, folder, empty].map((result) => result.kind === 'faults' && result.faults[0]!.problem);
  expect(problems).toEqual([
    expect.stringContaining('no such file'),
    expect.stringContaining('is a directory'),
    expect.stringContaining('no line is a job'),
  ]);
});
