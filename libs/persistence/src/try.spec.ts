import { freshDatabase } from '#libs/testing';
import { loadSeeds } from '#libs/config';
import { openDatabase } from './index.js';
import { openOrm } from './orm.js';
import { PostgresCatalogueStore } from './catalogue-store.js';
it('x', async () => {
  const f = await freshDatabase(); 
  let t = Date.now(); const lap = (n: string) => { process.stderr.write(`${n} ${Date.now() - t}\n`); t = Date.now(); };
  const seeds = await (loadSeeds as any)('seeds'); lap('load');
  if (!seeds.catalogue) { console.log(JSON.stringify(seeds).slice(0, 3000)); return; }
  const orm = await openOrm(f.url);
  const store = new PostgresCatalogueStore(orm); lap('orm');
  console.log(await store.store(seeds.catalogue, { enable: ['dev'] })); lap('store');
  console.log(await store.store(seeds.catalogue, { enable: ['dev'] })); lap('store2');
  console.log(await store.store(seeds.catalogue, { enable: [] })); lap('store3');
  const back = await store.load(); lap('load');
  expect(back).toEqual(JSON.parse(JSON.stringify(seeds.catalogue)));
  await orm.close();
  const db = openDatabase(f.url, { role: 'chusuan_system' });
  console.log((await db.query("select * from node_group limit 1")).rows, (await db.query("select count(*) from node")).rows);
  await db.close();
  await f.drop();
});
