import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { KeyStore } from '#libs/application';
import { type Credentials, credentialsFile } from '../api-client.js';
import { ids } from './foundation.js';

const newKey = (role: string): string => `csk_${role}_${randomBytes(24).toString('base64url')}`;

/**
 * Development keys: one for each bureau role and one for each tenant, in a file that only its owner may read. Keys the file
 * already has are kept, so a walk-through survives a restart; the database holds only their hashes. A file that belongs to
 * another database (the data directory was copied, the database was not) gets all of its keys registered again.
 */
export async function ensureDevelopmentKeys(
  store: KeyStore,
  dataDir: string,
  tenants: readonly string[],
): Promise<string> {
  const file = credentialsFile(dataDir);
  const kept: Partial<Credentials> = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Credentials) : {};
  const credentials: Credentials = {
    operator: kept.operator ?? newKey('operator'),
    planner: kept.planner ?? newKey('planner'),
    auditor: kept.auditor ?? newKey('auditor'),
    tenants: Object.fromEntries(tenants.map((id) => [id, kept.tenants?.[id] ?? newKey('tenant')])),
  };
  const wanted = [
    ...(['operator', 'planner', 'auditor'] as const).map((role) => ({ role, tenantId: null, key: credentials[role] })),
    ...Object.entries(credentials.tenants).map(([tenantId, key]) => ({ role: 'tenant' as const, tenantId, key })),
  ];
  const hashed = wanted.map((entry) => ({ ...entry, sha256: createHash('sha256').update(entry.key).digest() }));
  const known = await Promise.all(hashed.map((entry) => store.find(entry.sha256)));
  const missing = hashed.filter((_entry, index) => known[index] === null);
  if (missing.length > 0) {
    await store.add(
      missing.map(({ role, tenantId, sha256 }) => ({
        id: ids.uuid(),
        sha256,
        role,
        tenantId,
        label: `chusuan dev ${tenantId ?? role}`,
        expiresAt: null,
      })),
    );
  }
  // Written whole under another name first: a crash leaves the old file or the new one.
  const draft = `${file}.new`;
  writeFileSync(draft, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, file);
  return file;
}
