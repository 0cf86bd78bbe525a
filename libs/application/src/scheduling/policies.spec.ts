import { type ServicePolicy, defaultPolicy, defaultServicePolicy } from './default-policy.js';
import {
  ActivePolicy,
  type PolicyFileLook,
  type PolicyNews,
  type PolicyStore,
  type VersionedPolicy,
  WatchPolicyFile,
  versioned,
} from './policies.js';

const sha256 = (text: string): string => `hash of ${text}`;
const now = Date.parse('2026-11-24T08:00:00+08:00');
const named = (name: string): ServicePolicy => ({ ...defaultServicePolicy, name });
const read = (name: string): PolicyFileLook => ({ kind: 'read', policy: named(name) });
const unchanged: PolicyFileLook = { kind: 'unchanged' };

class PolicyShelf implements PolicyStore {
  readonly activations: { readonly policy: VersionedPolicy; readonly origin: string; readonly actor: string }[] = [];

  async active(): Promise<VersionedPolicy | null> {
    return this.activations.at(-1)?.policy ?? null;
  }
  async activate(policy: VersionedPolicy, by: Parameters<PolicyStore['activate']>[1]): Promise<void> {
    this.activations.push({ policy, origin: by.origin, actor: by.actor });
  }
  async lastOfFile(): Promise<string | null> {
    return this.activations.findLast(({ origin }) => origin === 'file')?.policy.sha256 ?? null;
  }
  async history(): Promise<readonly never[]> {
    return [];
  }
}

/** A scheduler that has just begun to lead, with what its file says at each look. */
function watching(store: PolicyStore, looks: PolicyFileLook[]) {
  const active = new ActivePolicy(store, sha256);
  let refused = 0;
  const file = { look: async () => looks.shift() ?? unchanged };
  const watch = new WatchPolicyFile({ file, store, active, sha256, refused: () => void (refused += 1) });
  return { look: () => watch.look(now), name: () => active.current().name, refused: () => refused };
}

let shelf: PolicyShelf;
beforeEach(() => {
  shelf = new PolicyShelf();
});

const activated = (name: string): PolicyNews => ({
  kind: 'policy-activated',
  name,
  sha256: versioned(named(name), sha256).sha256,
});

describe('a policy’s hash', () => {
  const hash = (over: Partial<ServicePolicy>) => versioned({ ...defaultServicePolicy, ...over }, sha256).sha256;
  it('is of all that it says', () => {
    expect(hash({})).toBe(hash({}));
    const others = [{ name: 'x' }, { latencyStaleSeconds: 1 }, { planning: { ...defaultPolicy, maxStarts: 1 } }].map(
      hash,
    );
    expect(new Set([hash({}), ...others]).size).toBe(4);
  });
  it('does not depend on the order of the keys', () => {
    const { order, ...rest } = defaultPolicy;
    expect(hash({ planning: { ...rest, order } })).toBe(hash({}));
  });
});

describe('who plans', () => {
  it('plans by the default until a policy was activated', async () => {
    const active = new ActivePolicy(shelf, sha256);
    await active.refresh();
    expect(active.current()).toEqual(versioned(defaultServicePolicy, sha256));
  });
  it('keeps the very object while the policy is the same', async () => {
    const active = new ActivePolicy(shelf, sha256);
    await shelf.activate(versioned(named('a'), sha256), { origin: 'applied', actor: 'x', at: now });
    await active.refresh();
    const first = active.current();
    await shelf.activate(versioned(named('a'), sha256), { origin: 'applied', actor: 'y', at: now });
    await active.refresh();
    expect(active.current()).toBe(first);
  });
});

describe('which wins, file or applied: the latest word', () => {
  it('a file is activated when first seen, and once', async () => {
    const { look, name } = watching(shelf, [read('a'), unchanged, read('a')]);
    expect(await look()).toEqual(activated('a'));
    expect(await look()).toBeNull();
    expect(await look()).toBeNull(); // touched, and says the same
    expect([name(), shelf.activations.length]).toEqual(['a', 1]);
  });

  it('an edited file is activated, and going back to what it said before is an edit too', async () => {
    const { look, name } = watching(shelf, [read('a'), read('b'), read('a')]);
    expect([await look(), await look(), await look()]).toEqual([activated('a'), activated('b'), activated('a')]);
    expect(name()).toBe('a');
    expect(shelf.activations.map(({ origin, actor }) => [origin, actor])).toEqual(Array(3).fill(['file', 'scheduler']));
  });

  it('an applied policy holds against the file as it was, also after a restart', async () => {
    await watching(shelf, [read('a')]).look();
    await shelf.activate(versioned(named('applied'), sha256), { origin: 'applied', actor: 'key:1', at: now });
    const restarted = watching(shelf, [read('a')]);
    expect(await restarted.look()).toBeNull();
    expect(restarted.name()).toBe('applied');
  });

  it('an applied policy gives way to the next edit of the file', async () => {
    const { look, name } = watching(shelf, [read('a'), unchanged, read('b')]);
    await look();
    await shelf.activate(versioned(named('applied'), sha256), { origin: 'applied', actor: 'key:1', at: now });
    expect(await look()).toBeNull();
    expect(name()).toBe('applied'); // heard at the next look, whoever applied it
    expect(await look()).toEqual(activated('b'));
    expect(name()).toBe('b');
  });
});

it('a faulty file changes nothing, is told with its faults and counted, and works again when mended', async () => {
  const { look, name, refused } = watching(shelf, [
    read('a'),
    { kind: 'faulty', faults: '1 fault: here' },
    unchanged,
    read('b'),
  ]);
  await look();
  expect(await look()).toEqual({ kind: 'policy-faulty', faults: '1 fault: here' });
  expect([name(), refused(), shelf.activations.length]).toEqual(['a', 1, 1]);
  expect(await look()).toBeNull();
  expect(await look()).toEqual(activated('b'));
  expect(refused()).toBe(1);
});
