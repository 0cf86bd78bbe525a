import { rfc3339 } from '#libs/domain';
import { anApiForAll } from './support/api-for-all.js';
import { blue, green, testNow } from './support/api-under-test.js';
import { aBody } from './support/client.js';

const { api, ask } = anApiForAll();

const submit = (idempotencyKey: string, body: unknown = aBody(), key = api.keys.blue) =>
  ask('POST /v1/jobs', { key, body, headers: { 'Idempotency-Key': idempotencyKey } });
const jobsOf = async (tenant: string): Promise<number> => {
  const { rows } = await api.system.query<{ jobs: number }>('select count(*) as jobs from job where tenant_id = $1', [
    tenant,
  ]);
  return rows[0]?.jobs ?? 0;
};

describe('a submission that is repeated with its key', () => {
  it('gives the first answer again, and says so', async () => {
    const before = await jobsOf(blue);
    const first = await submit('again');
    const second = await submit('again');
    expect(first.status).toBe(201);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(second).toMatchObject({ status: 201, text: first.text });
    expect(second.headers).toMatchObject({ 'idempotent-replayed': 'true', location: first.headers['location'] });
    expect(await jobsOf(blue)).toBe(before + 1);
  });

  it('is the same when the fields come in another order', async () => {
    const first = await submit('order');
    const reversed = Object.fromEntries(Object.entries(aBody()).toReversed());
    expect((await submit('order', reversed)).body.id).toBe(first.body.id);
  });

  it('is refused when the body is another one, and the first stands', async () => {
    const first = await submit('other');
    const second = await submit('other', aBody({ name: 'another' }));
    expect(second).toMatchObject({
      status: 422,
      body: { code: 'idempotency-key-reused', errors: [{ header: 'Idempotency-Key' }] },
    });
    expect((await submit('other')).body.id).toBe(first.body.id);
  });

  it('is answered as the first time also when its own deadline has passed meanwhile', async () => {
    const body = aBody({ timeLimitSeconds: 600, constraints: { deadline: rfc3339(testNow + 3_600_000) } });
    const first = await submit('deadline', body);
    expect(first.status).toBe(201);
    api.pass(2 * 3_600_000);
    expect(await submit('deadline', body)).toMatchObject({ status: 201, text: first.text });
    expect(await submit('deadline, but new', body)).toMatchObject({ status: 422, body: { code: 'request-invalid' } });
  });

  it('makes one job of fifty at once', async () => {
    const before = await jobsOf(blue);
    const answers = await Promise.all(Array.from({ length: 50 }, () => submit('fifty')));
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([201]));
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect(answers.filter((answer) => answer.headers['idempotent-replayed'] === undefined)).toHaveLength(1);
    expect(await jobsOf(blue)).toBe(before + 1);
  });

  it('is another job for another tenant', async () => {
    const mine = await submit('shared');
    const theirs = await submit('shared', aBody(), api.keys.green);
    expect(theirs.status).toBe(201);
    expect(theirs.body.id).not.toBe(mine.body.id);
    expect(theirs.body.tenant).toBe(green);
  });

  it('is no matter of refusals: a corrected body may use the key', async () => {
    expect((await submit('corrected', aBody({ timeLimitSeconds: 0 }))).status).toBe(422);
    expect((await submit('corrected')).status).toBe(201);
  });

  it.each([
    ['empty', ''],
    ['longer than 255', 'x'.repeat(256)],
    ['not ASCII', 'schl\u00fcssel'],
  ])('is refused with a key that is %s', async (_name, key) => {
    expect(await submit(key)).toMatchObject({
      status: 400,
      body: { code: 'header-invalid', errors: [{ header: 'Idempotency-Key' }] },
    });
  });
});
