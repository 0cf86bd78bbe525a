import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type PolicyFileLook,
  type PolicyFileReader,
  type PolicyStore,
  type ServicePolicy,
  versioned,
} from '#libs/application';
import { type Settings, loadPolicy, renderFaults } from '#libs/config';
import { CliError } from '../exit.js';
import { sha256 } from './foundation.js';

export const policySha256 = (policy: ServicePolicy): string => versioned(policy, sha256).sha256;

/** The file that a scheduler follows; null where there is none, and the default holds until one is applied. */
export function policyFileOf({ policyFile, seedsDir }: Pick<Settings, 'policyFile' | 'seedsDir'>): string | null {
  if (policyFile !== undefined) return policyFile;
  const seeded = join(seedsDir, 'policy.yaml');
  return existsSync(seeded) ? seeded : null;
}

/** A file with faults is no reason to stop a service that has a policy to go on with; a first start has none. */
export async function requirePolicy(file: string | null, store: Pick<PolicyStore, 'active'>): Promise<void> {
  if (file === null || (await store.active()) !== null) return;
  const look = await new WatchedPolicyFile(file).look();
  if (look.kind === 'faulty') {
    throw new CliError('usage', `There is no policy to start with: ${file} cannot be used.\n${look.faults}`);
  }
}

/** Reads the file again when its time, size or identity has changed; a file that is gone is faulty. */
export class WatchedPolicyFile implements PolicyFileReader {
  private seen: string | null = null;

  constructor(private readonly file: string) {}

  async look(): Promise<PolicyFileLook> {
    const found = await stat(this.file, { bigint: true }).catch(() => null);
    const state = found ? `${found.ino} ${found.size} ${found.mtimeNs}` : 'gone';
    if (state === this.seen) return { kind: 'unchanged' };
    const look = await this.read();
    this.seen = state;
    return look;
  }

  private async read(): Promise<PolicyFileLook> {
    try {
      const loaded = await loadPolicy(this.file);
      if (loaded.kind === 'ok') return { kind: 'read', policy: loaded.policy };
      return { kind: 'faulty', faults: renderFaults(loaded.faults) };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const remedy = 'put the file back, or name another in CHUSUAN_POLICY_FILE';
      return {
        kind: 'faulty',
        faults: renderFaults([{ where: this.file, problem: `cannot be read: ${why}`, remedy }]),
      };
    }
  }
}
