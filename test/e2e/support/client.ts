import request, { type Response } from 'supertest';
import type { ApiUnderTest } from './api-under-test.js';
import { Contract } from './contract.js';

export interface Asked {
  readonly key?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
/** Asks by route template, and holds every answer against the contract of the running API. */
export type Ask = (operation: string, asked?: Asked) => Promise<Response>;

export async function contractOf({ url }: Pick<ApiUnderTest, 'url'>): Promise<Contract> {
  return new Contract((await request(url).get('/openapi.json').expect(200)).body);
}

export const asking =
  ({ url }: Pick<ApiUnderTest, 'url'>, contract: Contract): Ask =>
  async (operation, { key, params = {}, query = {}, body, headers = {} } = {}) => {
    const [method = 'GET', template = ''] = operation.split(' ');
    const path = template.replaceAll(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(params[name] ?? ''));
    const call = request(url)[method.toLowerCase() as 'get' | 'post' | 'put' | 'patch'](path).query(query);
    void call.set('Accept', 'application/json').set(headers);
    if (key !== undefined) void call.set('Authorization', `Bearer ${key}`);
    if (body !== undefined)
      void call.set('Content-Type', 'application/json').send(typeof body === 'string' ? body : JSON.stringify(body));
    const answer = await call;
    contract.check(operation, answer);
    return answer;
  };

/** A job that the seeds can hold; tests name only what matters to them. */
export const aBody = (named: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  name: '蛋白质折叠 fold',
  class: 'training',
  resources: { nodes: 1, acceleratorsPerNode: 8 },
  timeLimitSeconds: 3600,
  run: { image: 'registry.local/fold:1', command: ['fold', '--all'] },
  ...named,
});
