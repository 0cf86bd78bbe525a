import { PostgresBulkSubmit } from '#libs/persistence';
import { aNewJob } from '#libs/testing';
import request from 'supertest';
import { anApiForAll } from './support/api-for-all.js';
import { blue } from './support/api-under-test.js';

const JOBS = 123;
const { api, ask } = anApiForAll();
beforeAll(async () => {
  const jobs = Array.from({ length: JOBS }, (_, index) =>
    aNewJob({ tenantId: blue, class: index % 3 === 0 ? 'inference' : 'training' }),
  );
  await new PostgresBulkSubmit(api.system).submitAll(jobs);
});

interface Listed {
  readonly items: readonly { readonly id: string }[];
  readonly nextCursor: string | null;
}
async function walk(
  operation: string,
  query: Record<string, string | number>,
  params = {},
): Promise<{ ids: string[]; pages: number }> {
  const ids: string[] = [];
  let pages = 0;
  for (let cursor: string | null = ''; cursor !== null;) {
    const answer = await ask(operation, { key: api.keys.blue, params, query: { ...query, ...(cursor && { cursor }) } });
    const { items, nextCursor } = answer.body as Listed;
    expect(answer.headers['link'] === undefined).toBe(nextCursor === null);
    ids.push(...items.map((item) => item.id));
    pages += 1;
    cursor = nextCursor;
  }
  return { ids, pages };
}

describe('a list', () => {
  it('gives every job once, newest first, whatever the page size', async () => {
    const whole = await walk('GET /v1/jobs', { limit: 200 });
    expect(whole).toMatchObject({ pages: 1, ids: { length: JOBS } });
    expect(whole.ids).toEqual(whole.ids.toSorted().toReversed());
    expect(await walk('GET /v1/jobs', { limit: 41 })).toEqual({ pages: 3, ids: whole.ids });
    expect(await walk('GET /v1/jobs', { limit: 50 })).toEqual({ pages: 3, ids: whole.ids });
  });

  it('has 50 on a page unless told otherwise', async () => {
    expect((await ask('GET /v1/jobs', { key: api.keys.blue })).body.items).toHaveLength(50);
  });

  it('keeps its filter over pages', async () => {
    expect((await walk('GET /v1/jobs', { class: 'inference', limit: 10 })).ids).toHaveLength(41);
  });

  it('links to its next page', async () => {
    const first = await ask('GET /v1/jobs', { key: api.keys.blue, query: { class: 'training', limit: 2 } });
    const next = /^<(.*)>; rel="next"$/.exec(first.headers['link'] ?? '')?.[1] ?? '';
    const second = await request(api.url).get(next).set('Authorization', `Bearer ${api.keys.blue}`).expect(200);
    const both = [...first.body.items, ...second.body.items].map((job: { id: string }) => job.id);
    expect((await walk('GET /v1/jobs', { class: 'training', limit: 4 })).ids.slice(0, 4)).toEqual(both);
  });

  it('refuses a cursor of another filter, another list, or of nobody', async () => {
    const { nextCursor } = (await ask('GET /v1/jobs', { key: api.keys.blue, query: { limit: 2 } })).body as Listed;
    const refused = async (operation: string, query: Record<string, string>, params = {}) =>
      expect(await ask(operation, { key: api.keys.blue, query, params })).toMatchObject({
        status: 422,
        body: { code: 'cursor-invalid' },
      });
    await refused('GET /v1/jobs', { cursor: String(nextCursor), class: 'training' });
    await refused('GET /v1/energy/settlements', { cursor: String(nextCursor) });
    await refused('GET /v1/pools/{id}/nodes', { cursor: String(nextCursor) }, { id: 'ezhou-yueke' });
    await refused('GET /v1/jobs', { cursor: `x${nextCursor}` });
    await refused('GET /v1/jobs', { cursor: 'made-up' });
  });

  it('pages nodes and settled hours too', async () => {
    const nodes = await walk('GET /v1/pools/{id}/nodes', { limit: 30 }, { id: 'ezhou-yueke' });
    expect(nodes.ids).toEqual((await walk('GET /v1/pools/{id}/nodes', { limit: 200 }, { id: 'ezhou-yueke' })).ids);
    expect(new Set(nodes.ids).size).toBe(nodes.ids.length);
    for (const hour of ['05', '06', '07'])
      await api.settle('ezhou-yueke', Date.parse(`2026-11-23T${hour}:00:00+08:00`));
    const settled = await ask('GET /v1/energy/settlements', { key: api.keys.blue, query: { limit: 2 } });
    expect(settled.body.items).toHaveLength(2);
    const rest = await ask('GET /v1/energy/settlements', {
      key: api.keys.blue,
      query: { limit: 2, cursor: settled.body.nextCursor },
    });
    expect(rest.body).toMatchObject({ items: { length: 1 }, nextCursor: null });
  });
});
