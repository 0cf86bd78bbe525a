import { type CycleEntry, defaultServicePolicy, packDeltas, packKeyframe } from '#libs/application';
import { PostgresCycleLog } from '#libs/persistence';
import type { Snapshot } from '#libs/scheduling';
import { anApiForAll } from './support/api-for-all.js';
import { testNow } from './support/api-under-test.js';

const state: Snapshot = {
  now: testNow / 1000, pools: [], groups: [], nodeStates: [], windows: [], tenants: [], running: [], queued: [], outlooks: [],
}; // prettier-ignore
const policy = { ...defaultServicePolicy, name: 'calm', sha256: 'a'.repeat(64) };
const chunks = packKeyframe(state);
const packed = packDeltas([{ kind: 'job-withdrawn', jobId: 'of a tenant' }]);
/** A keyframe each three cycles. */
const anEntry = (cycle: number): CycleEntry => {
  const step = (cycle - 1) % 3;
  return {
    cycle, epoch: 1, nowSeconds: testNow / 1000 + cycle, policy, planSha256: `sha-${cycle}`, starts: cycle, preemptions: 1, considered: 9,
    state: step === 0 ? { kind: 'keyframe', chunks } : { kind: 'deltas', keyframeCycle: cycle - step, step, packed },
  }; // prettier-ignore
};

const { api, ask } = anApiForAll();
const cycles = (query: object = {}, key = api.keys.operator) =>
  ask('GET /v1/cycles', { key, query: query as Record<string, string> });

it('of a service that has planned nothing is an empty list', async () => {
  expect((await cycles()).body).toEqual({ items: [], nextCursor: null });
});

describe('of a service that has planned', () => {
  beforeAll(async () => {
    const log = new PostgresCycleLog(api.system);
    for (let cycle = 1; cycle <= 7; cycle += 1) await log.record(anEntry(cycle));
  });

  it('each cycle is told with its policy, its plan, its counts, and that it can be replayed', async () => {
    const [seventh, sixth] = (await cycles()).body.items;
    expect(sixth).toEqual({
      cycle: 6,
      at: '2026-11-23T09:00:06+08:00',
      recordedAt: expect.any(String),
      leader: 1,
      policy: { sha256: policy.sha256, name: 'calm' },
      planSha256: 'sha-6',
      starts: 6,
      preemptions: 1,
      considered: 9,
      state: 'deltas',
      sizeBytes: packed.bytes.length,
      replayable: true,
      whyNot: null,
    });
    expect(Math.abs(Date.parse(sixth.recordedAt) - Date.now())).toBeLessThan(600_000);
    expect(seventh).toMatchObject({ cycle: 7, state: 'keyframe', sizeBytes: chunks[0]?.bytes.length });
  });

  it('pages go through them once, newest first, also while others are recorded', async () => {
    const first = (await cycles({ limit: 3 })).body;
    await new PostgresCycleLog(api.system).record(anEntry(8));
    const second = (await cycles({ limit: 3, cursor: first.nextCursor })).body;
    const third = (await cycles({ limit: 3, cursor: second.nextCursor })).body;
    const numbers = [first, second, third].map((page) => page.items.map((it: { cycle: number }) => it.cycle));
    expect(numbers).toEqual([[7, 6, 5], [4, 3, 2], [1]]);
    expect(third.nextCursor).toBeNull();
    expect((await cycles({ limit: 1 })).body.items[0].cycle).toBe(8);
  });

  it('a cursor of another list is refused', async () => {
    expect(await cycles({ cursor: 'x' })).toMatchObject({ status: 422, body: { code: 'cursor-invalid' } });
  });

  it('only operators see them', async () => {
    for (const key of [api.keys.planner, api.keys.auditor, api.keys.blue, api.keys.green]) {
      expect(await cycles({}, key)).toMatchObject({ status: 403, body: { code: 'role-forbidden', allowed: ['operator'] } }); // prettier-ignore
    }
    expect(await ask('GET /v1/cycles', {})).toMatchObject({ status: 401, body: { code: 'key-missing' } });
  });

  it('what names tenants is not shown', async () => {
    expect((await cycles()).text).not.toContain('of a tenant');
  });

  it('those that cannot be replayed say why', async () => {
    await api.system.query('update cycle_keyframe set format = format + 1 where cycle = 1');
    await api.system.query('update cycle_record set keyframe_cycle = 7 where cycle = 5');
    const items = (await cycles()).body.items.map((it: { cycle: number; replayable: boolean; whyNot: string | null }) => [it.cycle, it.replayable, it.whyNot]); // prettier-ignore
    expect(items).toEqual([
      [8, false, 'superseded'],
      [7, true, null],
      [6, false, 'superseded'],
      [5, false, 'superseded'],
      [4, true, null],
      [3, false, 'other-format'],
      [2, false, 'other-format'],
      [1, false, 'other-format'],
    ]);
  });
});
