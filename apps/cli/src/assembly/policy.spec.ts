import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultServicePolicy } from '#libs/application';
import { renderPolicy } from '#libs/config';
import { WatchedPolicyFile, policyFileOf, policySha256, requirePolicy } from './policy.js';

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'chusuan-policy-'));
  file = join(directory, 'policy.yaml');
});
afterEach(() => rm(directory, { recursive: true }));

it('a file is read when it is new and when it has changed, told faulty once, and missed when it is gone', async () => {
  const watched = new WatchedPolicyFile(file);
  await writeFile(file, renderPolicy(defaultServicePolicy));
  expect(await watched.look()).toEqual({ kind: 'read', policy: defaultServicePolicy });
  expect(await watched.look()).toEqual({ kind: 'unchanged' });
  await writeFile(file, 'order: backwards');
  expect(await watched.look()).toMatchObject({ kind: 'faulty', faults: expect.stringContaining('order') });
  expect(await watched.look()).toEqual({ kind: 'unchanged' });
  await rm(file);
  expect(await watched.look()).toMatchObject({
    kind: 'faulty',
    faults: expect.stringContaining('CHUSUAN_POLICY_FILE'),
  });
  expect(await watched.look()).toEqual({ kind: 'unchanged' });
  await writeFile(file, renderPolicy(defaultServicePolicy));
  expect(await watched.look()).toMatchObject({ kind: 'read' });
});

it('a change that leaves the size alone is seen by the time', async () => {
  const watched = new WatchedPolicyFile(file);
  await writeFile(file, renderPolicy({ ...defaultServicePolicy, name: 'a' }));
  await watched.look();
  await writeFile(file, renderPolicy({ ...defaultServicePolicy, name: 'b' }));
  await utimes(file, 1, 1);
  expect(await watched.look()).toMatchObject({ kind: 'read', policy: { name: 'b' } });
});

it('the setting goes before the file of the seeds, and neither is needed', async () => {
  expect(policyFileOf({ policyFile: undefined, seedsDir: directory })).toBeNull();
  await writeFile(file, '');
  expect(policyFileOf({ policyFile: undefined, seedsDir: directory })).toBe(file);
  expect(policyFileOf({ policyFile: '/elsewhere.yaml', seedsDir: directory })).toBe('/elsewhere.yaml');
});

it('a first start refuses a faulty file; one that has a policy to go on with does not', async () => {
  await writeFile(file, 'order: backwards');
  const policy = { ...defaultServicePolicy, sha256: policySha256(defaultServicePolicy) };
  await expect(requirePolicy(file, { active: async () => null })).rejects.toThrow(/no policy to start with/);
  await expect(requirePolicy(file, { active: async () => policy })).resolves.toBeUndefined();
  await expect(requirePolicy(null, { active: async () => null })).resolves.toBeUndefined();
});
