import { loadSeeds, renderFaults } from './index.js';
it('x', async () => {
  const r = await loadSeeds('seeds');
  if (r.kind === 'faults') console.log(renderFaults(r.faults.slice(0, 30)));
  else console.log(Object.entries(r.catalogue).map(([k, v]) => k + ' ' + v.length).join(', '), JSON.stringify(r.catalogue.nodeGroups[0], null, 1));
});
