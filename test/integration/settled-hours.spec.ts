import { SettleHours, siteBooks } from '#libs/application';
import { loadSeeds, renderFaults } from '#libs/config';
import { type Catalogue, HOUR_MS, SECOND_MS } from '#libs/domain';
import { PostgresSettlementStore, timestamptz } from '#libs/persistence';
import { testEpoch } from '#libs/testing';
import { Stage } from './support/stage.js';

const pool = 'wuhan-aicc';
const site = 'wuhan-aicc';
let catalogue: Catalogue;
let stage: Stage;
let settle: SettleHours;
beforeAll(async () => {
  const seeds = await loadSeeds('seeds');
  if (seeds.kind === 'faults') throw new Error(renderFaults(seeds.faults));
  catalogue = seeds.catalogue;
});
beforeEach(async () => {
  stage = await Stage.open({ catalogue });
  await stage.system.query('insert into service_clock values (1, $1, $1, 1, $1)', [timestamptz(testEpoch)]);
  settle = new SettleHours(new PostgresSettlementStore(stage.system), siteBooks(catalogue, new Set([pool])));
});
afterEach(() => stage.close());

interface Line {
  readonly hour: number;
  readonly cardSeconds: number;
  readonly [column: string]: unknown;
}
const linesOf = async (jobId: string): Promise<readonly Line[]> => {
  const { rows } = await stage.system.query<Line>(
    `select hour, (milli_card_ms / 1e6)::float8 as "cardSeconds" from settlement_hour where job_id = $1 order by hour`,
    [jobId],
  );
  return rows;
};
const looked = () => ({ first: testEpoch, last: stage.now });
const runUntil = async (seconds: number): Promise<void> => {
  stage.pass(seconds);
  await stage.observe();
};

describe('the hours of a job that ran from the first into the second', () => {
  it('are settled once each, when they are over and observed, to the second', async () => {
    const id = await stage.submit({ pools: [pool], limitSeconds: 9000, runSeconds: 5400 });
    await stage.turn();
    expect(await stage.job(id)).toMatchObject({ state: 'running' });
    await runUntil(3000);
    expect(await settle.execute(stage.now, looked())).toEqual({ settled: 0, more: false });
    await runUntil(900);
    expect(await settle.execute(stage.now, looked())).toEqual({ settled: 1, more: false });
    expect(await settle.execute(stage.now, looked())).toEqual({ settled: 0, more: false });
    await runUntil(2 * 3600);
    expect(await stage.job(id)).toMatchObject({ state: 'completed' });
    expect(await settle.execute(stage.now, looked())).toEqual({ settled: 2, more: false });
    expect(await linesOf(id)).toEqual([
      { hour: testEpoch, cardSeconds: 8 * 3600 },
      { hour: testEpoch + HOUR_MS, cardSeconds: 8 * 1800 },
    ]);
  });

  it('account every joule of the site to jobs, to what stood idle, and to the overhead', async () => {
    const id = await stage.submit({ pools: [pool], nodes: 4, runSeconds: 1800 });
    await stage.turn();
    await runUntil(3700);
    await settle.execute(stage.now, looked());
    const { rows } = await stage.system.query<{ facility: bigint; lines: bigint; bySource: bigint }>(
      `select h.facility_j::numeric as facility, h.direct_j::numeric + h.storage_j + h.contract_j + h.grid_j as "bySource",
         (select sum(it_j + overhead_j) from settlement_hour l where l.site_id = h.site_id and l.hour = h.hour) as lines
       from settlement_site_hour h where site_id = $1`,
      [site],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]!.lines).toBe(rows[0]!.facility);
    expect(rows[0]!.bySource).toBe(rows[0]!.facility);
    expect(await linesOf(id)).toEqual([{ hour: testEpoch, cardSeconds: 4 * 8 * 1800 }]);
    expect(rows[0]!.facility).toBeGreaterThan(0n);
  });

  it('wait for an engine that does not answer, but not for ever', async () => {
    await stage.submit({ pools: [pool], runSeconds: 600 });
    await stage.turn();
    stage.engines.get(pool)?.goDown();
    await runUntil(3600 + 1800);
    expect(await settle.execute(stage.now, looked())).toEqual({ settled: 0, more: false });
    await runUntil(3600 + 1800);
    expect(await settle.execute(stage.now, looked())).toEqual({ settled: 1, more: false });
  });

  it('are caught up a day at a time after a long absence', async () => {
    await stage.observe();
    stage.now = testEpoch + 30 * HOUR_MS + 5 * SECOND_MS;
    await stage.observe();
    expect(await settle.execute(stage.now, looked())).toEqual({ settled: 24, more: true });
    expect(await settle.execute(stage.now, looked())).toEqual({ settled: 6, more: false });
  });
});
