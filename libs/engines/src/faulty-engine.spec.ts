import { type DispatchOrder, EngineUnreachable } from '#libs/application';
import { FaultyEngine, type FaultyEngineOptions, InMemorySimulatedEngineStore, SimulatedEngine } from './index.js';

const t0 = Date.parse('2026-11-22T08:00:00+08:00');
const order: DispatchOrder = {
  attemptId: '00000000-0000-4000-8000-00000000000a',
  jobId: '00000000-0000-4000-8000-00000000000b',
  tenantId: 'wuhan-university',
  poolId: 'yueke',
  groupId: 'gpu',
  nodeIds: [],
  nodes: 1,
  perNode: { cards: 1, cores: 1, memoryGiB: 1 },
  limitSeconds: 600,
  run: { simulated: { runSeconds: 60 } },
  name: 'job',
};
function aFaultyEngine(options: Partial<FaultyEngineOptions> = {}) {
  const shape = { cards: 8, cores: 64, memoryGiB: 512 };
  const inner = new SimulatedEngine({
    pool: { id: 'yueke', placement: 'delegated', nodes: [{ id: 'node-1', groupId: 'gpu', shape }] },
    store: new InMemorySimulatedEngineStore(),
    ids: { uuid: () => 'one' },
  });
  return { inner, engine: new FaultyEngine(inner, { poolId: 'yueke', ...options }) };
}

describe('an engine that fails on purpose', () => {
  const cases = {
    'a call that does not arrive changes nothing': { fault: 'unreachable', wantThere: 0 },
    'a call whose answer is lost is done': { fault: 'reply-lost', wantThere: 1 },
  } as const;
  it.each(Object.entries(cases))('%s', async (_sentence, { fault, wantThere }) => {
    const { inner, engine } = aFaultyEngine();
    engine.failNext('prepare', fault);
    await expect(engine.prepare(order, t0)).rejects.toBeInstanceOf(EngineUnreachable);
    expect(await inner.observe(t0, t0)).toHaveLength(wantThere);
    expect(await engine.prepare(order, t0)).toMatchObject({ kind: 'prepared' });
  });

  it('a late call is done when its time has come, not before', async () => {
    const gate = Promise.withResolvers<void>();
    const { inner, engine } = aFaultyEngine({ whenLate: () => gate.promise });
    engine.failNext('prepare', 'late');
    const late = engine.prepare(order, t0);
    expect(await inner.observe(t0, t0)).toEqual([]);
    gate.resolve();
    await late;
    expect(await inner.observe(t0, t0)).toHaveLength(1);
  });

  it('a doubled release starts the job once', async () => {
    const { engine } = aFaultyEngine({ faultOf: () => 'doubled' });
    const prepared = await engine.prepare(order, t0);
    await engine.release(order.attemptId, prepared.kind === 'prepared' ? prepared.ref : '', t0);
    expect(await engine.observe(t0, t0 + 60_000)).toMatchObject([{ state: 'completed', startedAt: t0 }]);
  });

  it('can be down for as long as it takes, lose jobs and show strangers', async () => {
    const { engine } = aFaultyEngine({ distort: (jobs) => jobs.map((job) => ({ ...job, attemptId: 'stranger' })) });
    engine.goDown();
    await expect(engine.observe(t0, t0)).rejects.toThrow('"yueke"');
    engine.comeBack();
    await engine.prepare(order, t0);
    expect(await engine.observe(t0, t0)).toMatchObject([{ attemptId: 'stranger' }]);
    expect(engine.calls.map((call) => call.method)).toEqual(['observe', 'prepare', 'observe']);
  });
});
