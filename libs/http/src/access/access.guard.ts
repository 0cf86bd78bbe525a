import { type CanActivate, type ExecutionContext, SetMetadata, createParamDecorator } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpInstruments, Principal } from '#libs/application';
import { Problem } from '../problems/problem.js';
import type { Authenticator } from './authenticator.js';
import type { Taken, TokenBuckets } from './token-buckets.js';

export const PUBLIC = Symbol('public route');
export const ROLES = Symbol('roles of a route');
/** A route that needs no key. */
export const Public = () => SetMetadata(PUBLIC, true);
/** Roles that may call the route; without it, every role may. */
export const Roles = (...roles: readonly Principal['role'][]) => SetMetadata(ROLES, roles);

type Identified = FastifyRequest & { principal?: Principal };
/** Who asks, as the guard found out. */
export const Caller = createParamDecorator((_data: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<Identified>();
  if (!principal)
    throw new Error('A controller asks for the caller on a route marked @Public(): remove one of the two');
  return principal;
});

export interface AccessRules {
  readonly authenticator: Authenticator;
  readonly byKey: TokenBuckets;
  /** Failed authentications, by address: guessing costs the guesser, not the database. */
  readonly byAddress: TokenBuckets;
  readonly instruments: HttpInstruments;
}

/** Who is it, how often, and may they: in this order, so that a storm of one key is stopped before it costs anything else. */
export class AccessGuard implements CanActivate {
  constructor(
    private readonly rules: AccessRules,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC, targets)) return true;
    const request = context.switchToHttp().getRequest<Identified>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const principal = await this.identify(request);
    this.takeToken(principal, reply);
    this.checkRole(principal, this.reflector.getAllAndOverride<Principal['role'][]>(ROLES, targets));
    request.principal = principal;
    return true;
  }

  private async identify(request: FastifyRequest): Promise<Principal> {
    try {
      return await this.rules.authenticator.authenticate(request.headers.authorization);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) {
        const taken = this.rules.byAddress.take(request.ip);
        if (!taken.allowed) throw this.limited(taken, 'This address failed to authenticate too often.');
      }
      throw error;
    }
  }

  // Draft-ietf-httpapi-ratelimit-headers-10: a named policy of q tokens in w seconds; r left, t seconds until it is full again.
  private takeToken(principal: Principal, reply: FastifyReply): void {
    const { limit } = this.rules.byKey;
    const taken = this.rules.byKey.take(principal.keyId);
    const windowSeconds = Math.max(1, Math.ceil(limit.burst / limit.perSecond));
    const refillSeconds = Math.ceil((limit.burst - taken.left) / limit.perSecond);
    void reply.headers({
      'RateLimit-Policy': `"key";q=${limit.burst};w=${windowSeconds}`,
      RateLimit: `"key";r=${taken.left};t=${refillSeconds}`,
    });
    if (!taken.allowed) throw this.limited(taken, `This key sends more than ${limit.perSecond} requests a second.`);
  }

  private limited(taken: Taken, detail: string): Problem {
    this.rules.instruments.rejected('rate');
    return new Problem('too-many-requests', `${detail} Try again in ${taken.retrySeconds} s.`, {
      headers: { 'Retry-After': String(taken.retrySeconds) },
    });
  }

  private checkRole(principal: Principal, allowed: readonly Principal['role'][] | undefined): void {
    if (!allowed || allowed.includes(principal.role)) return;
    this.rules.instruments.authFailed('denied');
    throw new Problem(
      'role-forbidden',
      `This route is for ${listed(allowed)} keys; this key is a ${principal.role} key.`,
      {
        members: { allowed },
      },
    );
  }
}

/** "a", "a and b", "a, b and c". */
const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
