import { KeepPromises, noInstruments } from '#libs/application';
import { PostgresPromiseStore } from '#libs/persistence';
import { runWork } from '#libs/testing';
import { anApiForAll } from './support/api-for-all.js';
import { blue, green, testNow } from './support/api-under-test.js';
import { aBody } from './support/client.js';

const HOUR = 3600;
const h20 = { poolId: 'ezhou-yinshangyun', groupId: 'ezhou-yinshangyun-h20-8' };
const onH20 = { nodes: 1, acceleratorsPerNode: 8, acceleratorModels: ['nvidia-h20'] };

const { api, ask } = anApiForAll();
beforeAll(async () => {
  // Every H20 node of the city is taken for an hour.
  await runWork(api.system, {
    ...h20,
    tenantId: green,
    nodeIndices: [0, 1, 2, 3, 4, 5, 6, 7],
    placedAt: testNow,
    limitSeconds: HOUR,
    perNode: { cards: 8, cores: 32, memoryGiB: 128 },
  });
  await api.refresh();
});

const quote = async (named: object = {}, key = api.keys.blue) =>
  (await ask('POST /v1/quotes', { key, body: { ...aBody(), ...named } })).body;
const whatIf = async (named: object = {}, key = api.keys.blue) =>
  (await quote({ counterfactuals: true, ...named }, key)).counterfactuals;
const submitted = async (named: object = {}): Promise<string> =>
  (await ask('POST /v1/jobs', { key: api.keys.blue, body: { ...aBody(), ...named } })).body.id;
const explained = async (id: string, query: Readonly<Record<string, string>> = { counterfactuals: 'true' }) =>
  ask('GET /v1/jobs/{id}/explanation', { key: api.keys.blue, params: { id }, query });
describe('what a change would do', () => {
  it('is told only to who asks', async () => {
    expect(await quote()).not.toHaveProperty('counterfactuals');
    expect(await quote({ counterfactuals: false })).not.toHaveProperty('counterfactuals');
    expect((await explained(await submitted({ resources: onH20 }), {})).body).not.toHaveProperty('counterfactuals');
  });

  it('another model starts at once where one model is short, and the sentence says so', async () => {
    const told = await whatIf({ resources: onH20, timeLimitSeconds: 1800 });
    expect(told.asItIs).toMatchObject({
      refusal: null,
      offer: { pool: h20.poolId, start: { estimate: '2026-11-23T10:00:00+08:00' } },
    });
    const patches = told.items.map(({ change }: { change: { patch: unknown } }) => change.patch);
    expect(patches).toContainEqual({ resources: { acceleratorModels: ['nvidia-a800'] } });
    for (const item of told.items) {
      expect(item).toMatchObject({
        change: { kind: 'other-model', of: 'request' },
        start: { estimate: '2026-11-23T09:00:00+08:00' },
        gain: { estimateSeconds: HOUR, p50Seconds: null, p90Seconds: null },
        startsOnlySo: false,
        workShare: null,
        text: { en: expect.stringMatching(/^On .* it would start at 2026-11-23T09:00:00\+08:00 in .*, 1 h sooner/) },
      });
    }
    // Cheapest first, since all start at once.
    const costs = told.items.map(({ costYuan }: { costYuan: string }) => Number(costYuan));
    expect(costs).toEqual(costs.toSorted((a: number, b: number) => a - b));
    expect(told.text.en).toBe(
      `Of ${told.tried.length} changes that were tried one at a time, these ${told.items.length} help, the soonest first.`,
    );
  });

  it('the gain is the difference of two quotes', async () => {
    const asked = { resources: onH20, timeLimitSeconds: 1800 };
    const { asItIs, items } = await whatIf(asked);
    const a800 = items.find(({ change }: { change: { patch: { resources: { acceleratorModels: string[] } } } }) =>
      change.patch.resources.acceleratorModels.includes('nvidia-a800'),
    );
    const otherwise = await quote({ ...asked, resources: { ...onH20, acceleratorModels: ['nvidia-a800'] } });
    const option = otherwise.options.find(({ pool }: { pool: string }) => pool === a800.pool);
    expect(a800).toMatchObject({ start: option.start, costYuan: option.costYuan, energyKwh: option.energyKwh });
    expect(a800.gain.energyKwh).toBeCloseTo(asItIs.offer.energyKwh - option.energyKwh, 9);
    expect(Number(a800.gain.costYuan)).toBeCloseTo(Number(asItIs.offer.costYuan) - Number(option.costYuan), 5);
  });

  it('fewer nodes and a shorter limit compute less, and say so', async () => {
    const eight = { ...onH20, nodes: 8 };
    const { tried: of } = await whatIf({ resources: eight });
    expect(of).toContainEqual({ kind: 'fewer-nodes', of: 'request', patch: { resources: { nodes: 4 } } });
    expect(of).toContainEqual({ kind: 'shorter-limit', of: 'request', patch: { timeLimitSeconds: 1800 } });
  });
});

describe('what is in the way', () => {
  it('a tenant over its quota would start if others lent to it', async () => {
    const setQuota = (body: object) =>
      ask('PUT /v1/tenants/{id}/quota', { key: api.keys.operator, params: { id: blue }, body });
    await setQuota({ cards: 2, borrowingLimit: 0 });
    try {
      const told = await whatIf();
      expect(told.asItIs).toMatchObject({ offer: null, refusal: { code: 'quota-spent' } });
      expect(told.items).toMatchObject([
        {
          change: { kind: 'borrow', of: 'tenant-quota', patch: { borrowingLimit: null } },
          startsOnlySo: true,
          start: { estimate: '2026-11-23T09:00:00+08:00' },
          gain: { estimateSeconds: null, costYuan: null },
        },
      ]);
      expect(told.items[0].text.en).toContain('while no start is in sight as it is');
    } finally {
      await setQuota({ cards: 130 });
    }
  });

  it('where nothing helps, it says so and why', async () => {
    const free = await whatIf();
    expect(free).toMatchObject({ items: [], asItIs: { offer: { start: { estimate: '2026-11-23T09:00:00+08:00' } } } });
    expect(free.tried.map(({ kind }: { kind: string }) => kind)).toEqual(['shorter-limit', 'preemptible', 'borrow']);
    expect(free.text.en).toBe(
      'None of the 3 changes that were tried would help, because it would start at once as it is, and none makes it cheaper or greener.',
    );
    const waiting = await whatIf({ resources: { ...onH20, minAcceleratorMemoryGiB: 90 } });
    expect(waiting.items).toEqual([]);
    expect(waiting.text.en).toMatch(
      /^None of the \d changes that were tried would help, because it waits for others either way: .*nodes were considered/,
    );
    expect(waiting.text.zh).toContain('都没有帮助，因为');
  });
});

describe('of a job in the queue', () => {
  it('quote and explanation agree', async () => {
    const body = { resources: { ...onH20, nodes: 2 }, timeLimitSeconds: 7200 };
    const quoted = await whatIf(body);
    const { status, body: answer } = await explained(await submitted(body));
    expect(status).toBe(200);
    expect(answer.counterfactuals).toEqual(quoted);
    expect(answer.counterfactuals.items.length).toBeGreaterThan(0);
  });

  it('nothing is told of one that does not wait any more', async () => {
    const id = await submitted();
    await ask('POST /v1/jobs/{id}/cancel', { key: api.keys.blue, params: { id } });
    expect((await explained(id)).body.counterfactuals).toEqual({
      asItIs: null,
      tried: [],
      items: [],
      text: { zh: expect.any(String), en: expect.stringMatching(/^It does not wait any more/) },
    });
  });

  it('strangers are told nothing, with or without', async () => {
    const id = await submitted({ resources: onH20 });
    const asked = { key: api.keys.green, params: { id }, query: { counterfactuals: 'true' } };
    expect(await ask('GET /v1/jobs/{id}/explanation', asked)).toMatchObject({
      status: 404,
      body: { code: 'job-unknown' },
    });
    const theirs = JSON.stringify(await whatIf({ resources: onH20 }, api.keys.green));
    expect(theirs).not.toContain(id);
    expect(theirs).not.toContain(blue);
  });

  const faulty: Record<string, string>[] = [{ counterfactuals: 'yes' }, { counterfactuals: '' }, { whatIf: 'true' }];
  it.each(faulty)('%j is no question', async (query) => {
    expect(await explained(await submitted(), query)).toMatchObject({ status: 422, body: { code: 'query-invalid' } });
  }); // prettier-ignore
  it('nor is anything but true or false in a quote, nor the word in a submission', async () => {
    const quoted = await ask('POST /v1/quotes', { key: api.keys.blue, body: aBody({ counterfactuals: 'true' }) });
    expect(quoted).toMatchObject({ status: 422, body: { errors: [{ pointer: '#/counterfactuals' }] } });
    const job = await ask('POST /v1/jobs', { key: api.keys.blue, body: aBody({ counterfactuals: true }) });
    expect(job).toMatchObject({ status: 422, body: { errors: [{ pointer: '#/counterfactuals' }] } });
  });
});

it('who asks for too many at once is told to come back, and everybody else is answered', async () => {
  const many = Array.from({ length: 8 }, () =>
    ask('POST /v1/quotes', { key: api.keys.blue, body: aBody({ counterfactuals: true }) }),
  );
  const [answers, other, plain] = await Promise.all([
    Promise.all(many),
    ask('POST /v1/quotes', { key: api.keys.green, body: aBody({ counterfactuals: true }) }),
    ask('POST /v1/quotes', { key: api.keys.blue, body: aBody() }),
  ]);
  const busy = answers.filter(({ status }) => status === 503);
  expect(busy.length).toBeGreaterThan(0);
  expect(busy[0]!.body).toMatchObject({ code: 'what-ifs-busy' });
  expect(busy[0]!.headers['retry-after']).toBe('2');
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(3);
  expect([other.status, plain.status]).toEqual([200, 200]);
});

describe('data and latency', () => {
  const inputs = [{ dataset: 'cryo-em', site: 'ezhou-yueke', sizeGiB: 1000 }];
  const constraints = { pools: ['ezhou-yinshangyun'] };

  it('the seconds in which inputs are brought in are told, where there is something to bring', async () => {
    const { options } = await quote({ inputs, resources: onH20 });
    const far = options.find(({ pool }: { pool: string }) => pool === h20.poolId);
    expect(far.stagingSeconds).toBeGreaterThan(0);
    const id = await submitted({ inputs, constraints, resources: onH20 });
    await api.system.query(
      `insert into job_verdict (job_id, tenant_id, refusal, estimated_start, basis, pool_id, evidence, cycle, decided_at)
       values ($1, $2, 'no-free-accelerators', '2026-11-23T03:00:00Z', 'reservation', $3, $4, 7, '2026-11-23T00:59:00Z')`,
      [id, blue, h20.poolId, JSON.stringify({ nodesConsidered: 8, filteredBy: {}, best: null, ahead: 0 })],
    );
    const { body } = await explained(id);
    expect(body.stagingSeconds).toBe(far.stagingSeconds);
    expect(body.counterfactuals.asItIs.offer.stagingSeconds).toBe(far.stagingSeconds);
    const near = await quote({ inputs, resources: { nodes: 1, acceleratorsPerNode: 8 } });
    expect(near.options.find(({ pool }: { pool: string }) => pool === 'ezhou-yueke').stagingSeconds).toBeNull();
  });

  it('a stale measurement of the latency is flagged, and what counts instead', async () => {
    const limited = { constraints: { ...constraints, maxLatencyMs: 5, fromDistrict: 'huarong' }, resources: onH20 };
    const id = await submitted(limited);
    const latency = async () => (await explained(id, {})).body.latency;
    expect(await latency()).toMatchObject({
      isStale: false,
      pools: [{ oneWayMs: 0.3, basis: 'assumed', within: true }],
    });
    await api.system.query(
      `insert into latency_probe (pool_id, from_district, one_way_ms, method, measured_at, reported_by)
       values ($1, 'huarong', 0.9, 'twamp', '2026-11-20T09:00:00+08:00', 'test')`,
      [h20.poolId],
    );
    expect(await latency()).toEqual({
      fromDistrict: 'huarong',
      maxOneWayMs: 5,
      isStale: true,
      pools: [{ pool: h20.poolId, oneWayMs: 0.3, basis: 'stale', within: true }],
      text: {
        zh: expect.stringContaining('时延测量已过期'),
        en: '1 of 1 pools are within its latency limit; the measurement of ezhou-yinshangyun is stale, what is assumed counts until it is measured again.',
      },
    });
    expect((await explained(await submitted(), {})).body.latency).toBeNull();
  });
});

describe('once starts have come true', () => {
  it('P50 and P90 are filled, in quotes, in counterfactuals, and the calibration says how well promises were kept', async () => {
    const quoted = async () => {
      const { options, counterfactuals } = await quote({ resources: onH20, counterfactuals: true });
      return [options.find(({ pool }: { pool: string }) => pool === h20.poolId).start, counterfactuals.asItIs.offer.start];
    };
    for (const start of await quoted()) expect(start).toMatchObject({ p50: null, p90: null });
    await cameTrue(Array.from({ length: 20 }, () => HOUR));
    for (const { estimate, p50, p90 } of await quoted()) expect([p50, p90]).toEqual([estimate, estimate]);
    const { asItIs, items } = await whatIf({ resources: onH20 });
    const seconds = (Date.parse(asItIs.offer.start.estimate) - Date.parse(items[0].start.estimate)) / 1000;
    expect(seconds).toBeGreaterThanOrEqual(HOUR);
    expect(items[0].gain).toMatchObject({ estimateSeconds: seconds, p50Seconds: seconds, p90Seconds: seconds });
    // The next ten were told an interval: nine start as told, one an hour later than its P90.
    await cameTrue([...Array.from({ length: 9 }, () => HOUR), 2 * HOUR]);
    const { body } = await ask('GET /v1/promises/calibration', { key: api.keys.green });
    expect(body).toEqual({
      asOf: '2026-11-23T09:00:00+08:00',
      since: '2026-10-24T09:00:00+08:00',
      items: [
        { class: 'training', kind: 'first', promises: 10, keptPercent: 90, p50Percent: 90, medianErrorSeconds: 0, withinMinutePercent: 90 },
        { class: 'training', kind: 'last-hour', promises: 10, keptPercent: 90, p50Percent: 90, medianErrorSeconds: 0, withinMinutePercent: 90 },
      ],
    });
  }); // prettier-ignore
});

/** Jobs that were told an hour's wait, by the keeper of promises, and started after so many seconds. */
async function cameTrue(waits: readonly number[]): Promise<void> {
  const { rows } = await api.system.query<{ epoch: number }>(`select epoch from lease where name = 'scheduler'`);
  const keeper = new KeepPromises(new PostgresPromiseStore(api.system), noInstruments.scheduler);
  const ids: string[] = [];
  for (const _wait of waits) ids.push(await submitted());
  const now = testNow / 1000;
  const evidence = { nodesConsidered: 1, filteredBy: {}, best: null, ahead: 0 };
  const news = ids.map((jobId) => ({ jobId, estimatedStart: now + HOUR, basis: 'reservation' as const, evidence }));
  await keeper.execute({ epoch: rows[0]!.epoch, now, news });
  await api.system.query(`update job set state = 'placed' where id = any ($1::uuid[])`, [ids]);
  for (const [index, wait] of waits.entries()) {
    await api.system.query(`update job set state = 'running', started_at = to_timestamp($2) where id = $1`, [
      ids[index],
      now + wait,
    ]);
  }
  await keeper.execute({ epoch: rows[0]!.epoch, now: now + HOUR, news: [] });
  await api.system.query(`update job set state = 'completed', ended_at = started_at where id = any ($1::uuid[])`, [
    ids,
  ]);
}
