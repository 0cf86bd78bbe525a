import { splitByLargestRemainder } from '#libs/domain';
import type { Account } from './quota-tree.js';

/** Milli reference cards that go from or to a tenant: to or from what it has not promised to those below, where it is a parent. */
export interface QuotaFlow {
  readonly tenantId: string;
  readonly milli: number;
}

/** One account on the way up, in milli reference cards. */
export interface QuotaLevel {
  readonly tenantId: string;
  /** What it may always have: its quota, or what it promised to those below, if that is more. */
  readonly nominal: number;
  /** What all below it hold. */
  readonly held: number;
  /** How much it may take of others'; null: no limit. */
  readonly borrowingLimit: number | null;
  /** How much of its own it never lends. */
  readonly kept: number;
  /** What it draws of others', and from whom next to it; `fromAbove` came from beside the parent, where the next level says from whom. */
  readonly borrowed: number;
  readonly borrowedFrom: readonly QuotaFlow[];
  readonly fromAbove: number;
  /** Who next to it, or its parent, draws on what it leaves idle. What goes further is in the next level. */
  readonly lentTo: readonly QuotaFlow[];
}

/** Amounts in whole milli reference cards. */
export interface QuotaExplanation {
  readonly tenantId: string;
  /** What the tenant's own jobs hold. */
  readonly held: number;
  /** How much more it may hold now; Infinity where no quota limits it. */
  readonly room: number;
  /** Whose quota it draws on: its own or the nearest above; null: nobody's. */
  readonly drawsOn: string | null;
  /** From that quota to the top. */
  readonly levels: readonly QuotaLevel[];
}

interface Party {
  readonly key: string;
  readonly over: number;
  readonly idle: number;
}

/** @param at an account that is not the root. */
export function explainAccount(accounts: readonly Account[], drawn: readonly number[], at: number): QuotaLevel {
  const account = accounts[at]!;
  const tenantId = account.tenantId!;
  const borrowed = Math.max(0, drawn[at]! - account.pool);
  const flows = flowsIn(partiesOf(accounts, drawn, account.parent));
  const borrowedFrom = flows
    .filter((flow) => flow.to === tenantId)
    .map(({ from, milli }) => ({ tenantId: from, milli }));
  return {
    tenantId,
    nominal: account.nominal,
    held: heldBelow(accounts, drawn, at),
    borrowingLimit: account.ceiling === Infinity ? null : account.ceiling - account.pool,
    kept: account.kept,
    borrowed,
    borrowedFrom,
    fromAbove: borrowed - borrowedFrom.reduce((sum, { milli }) => sum + milli, 0),
    lentTo: flows.filter((flow) => flow.from === tenantId).map(({ to, milli }) => ({ tenantId: to, milli })),
  };
}

/** Those who put into and draw on the pool of an account: the accounts below it, and the jobs that draw on it directly. */
function partiesOf(accounts: readonly Account[], drawn: readonly number[], pool: number): Party[] {
  const { children, ownPart, tenantId } = accounts[pool]!;
  let direct = drawn[pool]!;
  const parties = children.map((child): Party => {
    const { kept, pool: all, tenantId: key } = accounts[child]!;
    const taken = Math.max(0, drawn[child]! - kept);
    direct -= taken;
    return { key: key!, ...sides(all - kept, taken) };
  });
  return tenantId === null ? parties : [{ key: tenantId, ...sides(ownPart, direct) }, ...parties];
}

const sides = (own: number, taken: number): Omit<Party, 'key'> => ({
  over: Math.max(0, taken - own),
  idle: Math.max(0, own - taken),
});

/**
 * Who lends to whom. A pool has no such pairs of itself: what is borrowed is split over what is left idle by largest remainder,
 * borrower by borrower in the order of their ids, so that the same state always gives the same answer.
 */
function flowsIn(parties: readonly Party[]): { from: string; to: string; milli: number }[] {
  const sum = (side: 'over' | 'idle'): number => parties.reduce((acc, party) => acc + party[side], 0);
  const moved = Math.min(sum('over'), sum('idle'));
  if (moved === 0) return [];
  const left = split(
    moved,
    parties.map(({ key, idle }) => [key, idle] as const),
  );
  return [
    ...split(
      moved,
      parties.map(({ key, over }) => [key, over] as const),
    ),
  ].flatMap(([to, wanted]) => {
    const parts = [...split(wanted, [...left])].filter(([, milli]) => milli > 0);
    for (const [from, milli] of parts) left.set(from, left.get(from)! - milli);
    return parts.map(([from, milli]) => ({ from, to, milli }));
  });
}

function split(total: number, weights: readonly (readonly [string, number])[]): Map<string, number> {
  const parts = splitByLargestRemainder(
    BigInt(total),
    weights.map(([key, weight]) => ({ key, weight: BigInt(weight) })),
  );
  return new Map([...parts].map(([key, part]) => [key, Number(part)]));
}

function heldBelow(accounts: readonly Account[], drawn: readonly number[], at: number): number {
  return accounts[at]!.children.reduce(
    (sum, child) => sum + heldBelow(accounts, drawn, child) - Math.max(0, drawn[child]! - accounts[child]!.kept),
    drawn[at]!,
  );
}
