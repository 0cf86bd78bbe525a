import type { Instant } from '#libs/domain';
import { type PlanningPolicy, encodeCanonical } from '#libs/scheduling';
import { type ServicePolicy, defaultServicePolicy } from './default-policy.js';

/** A policy and the hash of all that it says, by which cycles and history name it. */
export interface VersionedPolicy extends ServicePolicy {
  readonly sha256: string;
}

/** What a planner is to be started under. A planner under another one than this starts again. */
export interface PolicySource {
  current(): VersionedPolicy;
}

/** Names a policy by what it says, its name and every default included. */
export const versioned = (policy: ServicePolicy, sha256: (text: string) => string): VersionedPolicy => {
  const { name, planning, latencyStaleSeconds } = policy;
  return {
    name,
    planning,
    latencyStaleSeconds,
    sha256: sha256(encodeCanonical({ name, planning, latencyStaleSeconds })),
  };
};

/** One policy for ever: for tests, benches and what-ifs. */
export const fixedPolicy = (planning: PlanningPolicy): PolicySource => {
  const policy = { ...defaultServicePolicy, planning, sha256: encodeCanonical(planning) };
  return { current: () => policy };
};

/** file: somebody edited the policy file. applied: somebody gave it to the API. */
export const policyOrigins = ['file', 'applied'] as const;
export type PolicyOrigin = (typeof policyOrigins)[number];

export interface PolicyActivation {
  readonly sha256: string;
  readonly name: string;
  readonly origin: PolicyOrigin;
  readonly actor: string;
  readonly since: Instant;
}

export interface PolicyStore {
  /** Null until one was activated: then everybody runs by the default. */
  active(): Promise<VersionedPolicy | null>;
  /** Imports the policy and makes it the one to plan by; writes the audit record. */
  activate(
    policy: VersionedPolicy,
    by: { readonly origin: PolicyOrigin; readonly actor: string; readonly at: Instant },
  ): Promise<void>;
  /** What the file last said when it was activated. */
  lastOfFile(): Promise<string | null>;
  /** Newest first. */
  history(limit: number): Promise<readonly PolicyActivation[]>;
}

/** The active policy of the database, held in memory: API replicas and standby schedulers follow it, and none its own file. */
export class ActivePolicy implements PolicySource {
  private policy: VersionedPolicy;

  constructor(
    private readonly store: Pick<PolicyStore, 'active'>,
    sha256: (text: string) => string,
  ) {
    this.policy = versioned(defaultServicePolicy, sha256);
  }

  current(): VersionedPolicy {
    return this.policy;
  }

  async refresh(): Promise<void> {
    const active = await this.store.active();
    // Keeps its identity while it is the same.
    if (active && active.sha256 !== this.policy.sha256) this.policy = active;
  }
}

/** What a look at the policy file found. `unchanged`: it is as it was at the last look. */
export type PolicyFileLook =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'read'; readonly policy: ServicePolicy }
  | { readonly kind: 'faulty'; readonly faults: string };
export interface PolicyFileReader {
  look(): Promise<PolicyFileLook>;
}
export type PolicyNews =
  | { readonly kind: 'policy-activated'; readonly name: string; readonly sha256: string }
  | { readonly kind: 'policy-faulty'; readonly faults: string };

/**
 * Looks at the policy file and activates what it says when that has changed. The latest word wins, whoever spoke it: a policy
 * that was applied by the API holds until the file says something else than when it was last activated; a restart with the
 * same file changes nothing. A faulty file changes nothing either and is told once for each state it is in.
 */
export class WatchPolicyFile {
  constructor(
    private readonly ports: {
      readonly file: PolicyFileReader;
      readonly store: PolicyStore;
      readonly active: ActivePolicy;
      readonly sha256: (text: string) => string;
      /** Counts a look that found faults. */
      readonly refused: () => void;
    },
  ) {}

  /** Call it while leading only: two schedulers with two files would undo each other. */
  async look(now: Instant): Promise<PolicyNews | null> {
    const { file, store, active, refused, sha256 } = this.ports;
    const seen = await file.look();
    let news: PolicyNews | null = null;
    if (seen.kind === 'faulty') {
      refused();
      news = { kind: 'policy-faulty', faults: seen.faults };
    } else if (seen.kind === 'read') {
      const policy = versioned(seen.policy, sha256);
      if ((await store.lastOfFile()) !== policy.sha256) {
        await store.activate(policy, { origin: 'file', actor: 'scheduler', at: now });
        news = { kind: 'policy-activated', name: policy.name, sha256: policy.sha256 };
      }
    }
    await active.refresh();
    return news;
  }
}
