import type { Engine } from '#libs/application';
import { engineDirectory, InMemorySimulatedEngineStore, SimulatedEngine } from './index.js';

const aSimulatedEngine = (pool: { readonly poolId: string }): Engine =>
  new SimulatedEngine({
    pool: { id: pool.poolId, placement: 'delegated', nodes: [] },
    store: new InMemorySimulatedEngineStore(),
    ids: { uuid: () => 'one' },
  });
const factories = { simulated: aSimulatedEngine };

describe('the engine directory', () => {
  it('has one engine a pool, the same at each asking, and none for a pool it does not know', () => {
    const engines = engineDirectory([{ poolId: 'yueke', engine: 'simulated' }], factories);
    expect(engines.of('yueke')).toBeInstanceOf(SimulatedEngine);
    expect(engines.of('yueke')).toBe(engines.of('yueke'));
    expect(engines.of('atlantis')).toBeNull();
  });

  it('builds its engines anew when a lease was gained', () => {
    const engines = engineDirectory([{ poolId: 'yueke', engine: 'simulated' }], factories);
    const before = engines.of('yueke');
    engines.renew();
    expect(engines.of('yueke')).not.toBe(before);
  });

  it('follows the pools of the moment when it is renewed, and keeps its engines when one of them has none', () => {
    const pools = [{ poolId: 'yueke', engine: 'simulated' }];
    const engines = engineDirectory(() => pools, factories);
    pools.push({ poolId: 'edge', engine: 'simulated' });
    expect(engines.of('edge')).toBeNull();
    engines.renew();
    expect(engines.of('edge')).toBeInstanceOf(SimulatedEngine);
    pools.push({ poolId: 'wuhan-aicc', engine: 'slurm' });
    expect(() => engines.renew()).toThrow('pools.wuhan-aicc.engine: no engine of kind "slurm"');
    expect(engines.of('edge')).toBeInstanceOf(SimulatedEngine);
  });

  it('does not start without an engine for each pool, and names them all', () => {
    const pools = [
      { poolId: 'yueke', engine: 'simulated' },
      { poolId: 'wuhan-aicc', engine: 'slurm' },
      { poolId: 'edge', engine: 'toString' },
      { poolId: 'yueke', engine: 'simulated' },
    ];
    const start = (): unknown => engineDirectory(pools, factories);
    expect(start).toThrow('pools.wuhan-aicc.engine: no engine of kind "slurm"; set up here: simulated');
    expect(start).toThrow('pools.edge.engine: no engine of kind "toString"');
    expect(start).toThrow('pools.yueke: listed twice');
  });
});
