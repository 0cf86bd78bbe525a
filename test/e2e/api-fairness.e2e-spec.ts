import { PostgresCatalogueStore, PostgresPlannerFeed, openOrm } from '#libs/persistence';
import { type FreshDatabase, freshDatabase, runWork } from '#libs/testing';
import { type ApiUnderTest, anApi, blue, green, testNow } from './support/api-under-test.js';
import { type Ask, asking, contractOf } from './support/client.js';

let database: FreshDatabase;
let api: ApiUnderTest;
let ask: Ask;
beforeAll(async () => {
  database = await freshDatabase();
  api = await anApi({ database });
  ask = asking(api, await contractOf(api));
});
afterAll(() => api.close());

const share = (key: string, id: string) => ask('GET /v1/tenants/{id}/share', { key, params: { id } });
const quota = (key: string, id: string) => ask('GET /v1/tenants/{id}/quota', { key, params: { id } });
const setQuota = (body: unknown, id = blue, key = api.keys.operator) =>
  ask('PUT /v1/tenants/{id}/quota', { key, params: { id }, body });

describe('the exchange table', () => {
  it('is published with dates, grounds and what is in force', async () => {
    const { body } = await ask('GET /v1/exchange-rates', { key: api.keys.blue });
    expect(body.reference).toEqual({ model: 'ascend-910b', precision: 'fp16' });
    const row = body.items.find(({ model, precision }: { model: string; precision: string }) => model === 'nvidia-a800' && precision === 'fp16'); // prettier-ignore
    expect(row).toMatchObject({
      per: 'card',
      validFrom: '2026-01-01',
      inForce: true,
      rate: { value: 0.975, assumption: { id: 'A-EXC-1' } },
    });
  });

  it('is what the planner counts by', async () => {
    const { snapshot } = await new PostgresPlannerFeed(api.system).cold(testNow);
    const rateOf = (id: string) => snapshot.groups.find((group) => group.id === id)?.exchangeRate;
    expect([rateOf('ezhou-cucc-a800-8'), rateOf('ezhou-cucc-cpu-2s'), rateOf('ezhou-cmcc-atlas-800t-a2')]).toEqual([
      0.975,
      0.265,
      undefined,
    ]);
  });
});

describe('a quota', () => {
  it('is that of the seeds until an operator sets another', async () => {
    expect((await quota(api.keys.blue, blue)).body).toEqual({
      tenant: blue,
      cards: 130,
      borrowingLimit: null,
      lendingLimit: null,
      setBy: null,
      setAt: null,
      version: 0,
    });
    const set = await setQuota({ cards: 100, lendingLimit: 20, version: 0 });
    expect(set.body).toMatchObject({ cards: 100, borrowingLimit: null, lendingLimit: 20, version: 1 });
    expect(set.body.setBy).toMatch(/^key:/);
    expect((await quota(api.keys.auditor, blue)).body).toEqual(set.body);
  });

  it('reaches the planner and the audit', async () => {
    const feed = new PostgresPlannerFeed(api.system);
    const { cursor } = await feed.cold(testNow);
    await setQuota({ cards: 90, borrowingLimit: 5 });
    const followed = await feed.since(cursor, testNow);
    const deltas = followed.kind === 'deltas' ? followed.deltas : [];
    const told = deltas.flatMap((delta) => (delta.kind === 'usage' ? delta.tenants : []));
    expect(told.find(({ id }) => id === blue)?.quota).toEqual({ cards: 90, borrowingLimit: 5 });
    const audited = await api.system.query<{ detail: unknown; actor: string }>(
      `select actor, detail from audit_record where action = 'tenant.set-quota' and subject = $1 order by id desc limit 1`,
      [blue],
    );
    expect(audited.rows[0]).toMatchObject({
      actor: expect.stringMatching(/^key:/),
      detail: { from: { cards: 100, lendingLimit: 20 }, to: { cards: 90, borrowingLimit: 5, lendingLimit: null } },
    });
  });

  it('is not set over somebody else’s decision', async () => {
    const { body } = await quota(api.keys.operator, blue);
    expect(await setQuota({ cards: 1, version: body.version + 1 })).toMatchObject({
      status: 409,
      body: { code: 'quota-changed' },
    });
    expect((await quota(api.keys.operator, blue)).body).toEqual(body);
  });

  it('outlives seeding again, also with other seeds; a tenant that no operator spoke of follows them', async () => {
    await setQuota({ cards: 77 });
    const orm = await openOrm(database.url, 'chusuan_system');
    try {
      const tenants = api.catalogue.tenants.map((tenant) => ({
        ...tenant,
        quota: { ...tenant.quota, cards: { value: 55, assumption: 'A-TEN-8' } },
      }));
      const stored = await new PostgresCatalogueStore(orm).store({ ...api.catalogue, tenants }, { enable: [] });
      expect(stored.kind).toBe('stored');
    } finally {
      await orm.close();
    }
    expect((await quota(api.keys.operator, blue)).body.cards).toBe(77);
    expect((await quota(api.keys.operator, green)).body).toMatchObject({ cards: 55, setBy: null });
  });
});

describe('an order for a quota', () => {
  it('of a parent covers those below it, or is refused', async () => {
    await api.system.query('update tenant set parent_id = $1 where id = $2', [blue, 'hust-ezhou']);
    try {
      expect(await setQuota({ cards: 54 })).toMatchObject({
        status: 422,
        body: { code: 'quota-over-promised', detail: expect.stringContaining('55 reference cards') },
      });
      expect(await setQuota({ cards: 78 }, 'hust-ezhou')).toMatchObject({ status: 422 });
      expect((await setQuota({ cards: 55 })).status).toBe(200);
    } finally {
      await api.system.query('update tenant set parent_id = null where id = $1', ['hust-ezhou']);
    }
  });

  const bad: Record<string, unknown> = {
    'less than nothing': { cards: -1 },
    'no number': { cards: 'many' },
    'nothing at all': {},
    'a field too many': { cards: 1, spare: 2 },
  };
  it.each(Object.entries(bad))('that is %s is refused', async (_sentence, body) => {
    expect(await setQuota(body)).toMatchObject({ status: 422, body: { code: 'request-invalid' } });
  });

  it('is set by operators alone, for tenants that there are', async () => {
    for (const key of [api.keys.blue, api.keys.planner, api.keys.auditor]) {
      expect((await setQuota({ cards: 1 }, blue, key)).status).toBe(403);
    }
    expect((await setQuota({ cards: 1 }, 'nobody')).status).toBe(404);
  });
});

describe('a share', () => {
  it('says weight, due, used, place, quota and who borrows; of others only who borrows', async () => {
    await setQuota({ cards: 4 }, blue);
    const work = { poolId: 'ezhou-yueke', groupId: 'ezhou-yueke-atlas-800t-a2', placedAt: testNow - 3_600_000 };
    await runWork(api.system, { tenantId: blue, ...work, perNode: { cards: 8, cores: 32, memoryGiB: 128 } });
    const { body, status } = await share(api.keys.blue, blue);
    expect(status).toBe(200);
    expect(body.levels).toHaveLength(1);
    expect(body.levels[0]).toMatchObject({ tenant: blue, weight: 2, usedShare: 1, place: 18, among: 18 });
    // An hour of eight cards, and ten minutes of entry penalty.
    expect(body.usedCardHours).toEqual({ ended: 0, running: expect.closeTo(8 * (1 + 1 / 6), 6) });
    expect(body.quota).toMatchObject({ drawsOn: blue, held: 8 });
    expect(body.quota.levels[0]).toMatchObject({ tenant: blue, cards: 4, held: 8, borrowed: 4, lent: 0 });
    const lender = body.quota.levels[0].borrowedFrom[0].tenant;
    expect(body.text.en).toContain(`${blue} is due`);
    expect(body.wouldChangeIt.map(({ en }: { en: string }) => en).join()).toContain('taken back by its owner');
    const seen = await share(api.keys.operator, lender);
    expect(seen.body.quota.levels[0].lentTo).toEqual([{ tenant: blue, cards: expect.any(Number) }]);
    expect(seen.body.quota.levels[0].lent).toBeGreaterThan(0);
  });

  it('of who has no use beside others is below its due', async () => {
    const { body } = await share(api.keys.green, green);
    expect(body.levels[0]).toMatchObject({ tenant: green, usedShare: 0, ratio: 0, place: 1 });
  });

  it('of another tenant is not told', async () => {
    expect(await share(api.keys.green, blue)).toMatchObject({ status: 404, body: { code: 'tenant-unknown' } });
  });
});
