import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DispatchOrder } from '#libs/application';
import { argumentsOf, environmentOf } from './local-order.js';
import { codeOf, jobFiles, type ShimSpec, writeWhole } from './local-shim.js';
import { handOver, isPassable, makeWork, serviceIsRoot, workElsewhere } from './local-user.js';

export interface SpecFile extends ShimSpec {
  readonly nodeIds: readonly string[];
}
/** What the order does not say of how it is run here; durations are wall milliseconds. */
export interface RunHere {
  /** Absolute; job folders lie two folders below it. */
  readonly dataDir: string;
  readonly limitMs: number;
  readonly graceMs: number;
  readonly maxOutputBytes: number;
  readonly nodeIds: readonly string[];
}

const FOLDER_MODE = 0o700;
/** Others pass through to what they own below, and see nothing on the way. */
const PASSAGE_MODE = 0o711;
const FILE_MODE = 0o600;

/** Built aside and renamed, so that a folder under an attempt's name is complete; the first of two wins. */
export async function writeJobFolder(order: DispatchOrder, folder: string, run: RunHere): Promise<void> {
  const poolFolder = dirname(folder);
  await mkdir(poolFolder, { recursive: true, mode: FOLDER_MODE });
  const aside = await mkdtemp(join(poolFolder, '.preparing-'));
  try {
    await fillFolder(order, { aside, folder }, run);
    await rename(aside, folder);
  } catch (error) {
    const elsewhere = await workElsewhere(aside);
    if (elsewhere !== null) await rm(elsewhere, { recursive: true, force: true });
    await rm(aside, { recursive: true, force: true });
    const code = codeOf(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

/** As root the command gets a user of its own, who can come to its work and to nothing else of ours. */
async function fillFolder(
  order: DispatchOrder,
  { aside, folder }: { readonly aside: string; readonly folder: string },
  { dataDir, ...run }: RunHere,
): Promise<void> {
  const isRoot = serviceIsRoot();
  const isPassage = isRoot && (await isPassable(dataDir));
  const work = await makeWork(aside, folder, isPassage || !isRoot);
  const owned = [join(aside, jobFiles.work)];
  if (order.run.script !== undefined) {
    const script = join(aside, jobFiles.work, jobFiles.script);
    await writeFile(script, order.run.script, { mode: FILE_MODE });
    owned.unshift(script);
  }
  const spec: SpecFile = {
    attemptId: order.attemptId,
    ...(isRoot && { user: await handOver(owned, order.attemptId) }),
    argv: argumentsOf(order, work),
    environment: environmentOf(order, work),
    ...run,
  };
  writeWhole(aside, jobFiles.spec, spec);
  await chmod(aside, isPassage ? PASSAGE_MODE : FOLDER_MODE);
  if (isPassage) for (const path of [dirname(folder), dirname(dirname(folder))]) await chmod(path, PASSAGE_MODE);
}
