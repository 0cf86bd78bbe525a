import { Body, Controller, Get, Inject, Param, Patch, Query, Res } from '@nestjs/common';
import type { Principal } from '#libs/application';
import { Caller, CursorSealer, Documented, Problem, pageOf } from '#libs/http';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { ApiDependencies } from '../api-dependencies.js';
import { API, REFERENCE } from '../api-tokens.js';
import { nodeShown, poolShown } from '../presenters/pool.js';
import type { Reference } from '../reference.js';
import { cursorField, isSlug, limitField } from '../schemas/common.js';
import { NodeChange, NodeChanged, NodePage, NodeShown, PoolList, PoolShown } from './pool-views.js';

const NodesQuery = z.strictObject({ limit: limitField, cursor: cursorField });
type NodesQuery = z.infer<typeof NodesQuery>;

@Controller('v1')
export class PoolsController {
  constructor(
    @Inject(API) private readonly api: ApiDependencies,
    @Inject(REFERENCE) private readonly reference: () => Reference,
    @Inject(CursorSealer) private readonly cursors: CursorSealer,
  ) {}

  @Get('pools')
  @Documented({
    tag: 'pools',
    summary: 'All pools, with what is free, used and out of service now',
    answers: { 200: { description: 'The pools', schema: PoolList } },
  })
  async pools(): Promise<z.infer<typeof PoolList>> {
    const reference = this.reference();
    return {
      items: (await this.api.catalogue.pools(this.api.time.now())).map((pool) => poolShown(pool, reference)),
      nextCursor: null,
    };
  }

  @Get('pools/:id')
  @Documented({
    tag: 'pools',
    summary: 'One pool',
    answers: { 200: { description: 'The pool', schema: PoolShown } },
    problems: ['pool-unknown'],
  })
  async pool(@Param('id') id: string): Promise<PoolShown> {
    const pool = isSlug(id) ? await this.api.catalogue.pool(id, this.api.time.now()) : null;
    if (!pool) throw unknownPool(id);
    return poolShown(pool, this.reference());
  }

  @Get('pools/:id/nodes')
  @Documented({
    tag: 'pools',
    summary: 'The nodes of a pool',
    answers: { 200: { description: 'One page', schema: NodePage } },
    problems: ['pool-unknown', 'query-invalid', 'cursor-invalid'],
  })
  async nodes(
    @Caller() principal: Principal,
    @Param('id') id: string,
    @Query({ schema: NodesQuery }) query: NodesQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof NodePage>> {
    const shape = { list: 'nodes', filter: { pool: id } };
    const after = this.cursors.open(query.cursor, shape);
    const found = isSlug(id) ? await this.api.catalogue.nodes(principal, id, { limit: query.limit, after }) : null;
    if (!found) throw unknownPool(id);
    const items = found.items.map(nodeShown);
    return {
      ...pageOf({ items, after: found.nextCursor }, { sealer: this.cursors, shape }, reply),
      items,
    };
  }

  @Get('nodes/:id')
  @Documented({
    tag: 'pools',
    summary: 'One node',
    answers: { 200: { description: 'The node', schema: NodeShown } },
    problems: ['node-unknown'],
  })
  async node(@Caller() principal: Principal, @Param('id') id: string): Promise<NodeShown> {
    return nodeShown(await this.findNode(principal, id));
  }

  @Patch('nodes/:id')
  @Documented({
    tag: 'pools',
    summary: 'Drain a node, take it down, into maintenance, or back into service',
    answers: { 200: { description: 'The node as it is now', schema: NodeChanged } },
    problems: [
      'node-unknown',
      'body-malformed',
      'body-missing',
      'body-unsafe',
      'body-too-large',
      'media-type-unsupported',
      'request-invalid',
    ],
    roles: ['operator'],
  })
  async setNodeState(
    @Caller() principal: Principal,
    @Param('id') id: string,
    @Body({ schema: NodeChange }) change: NodeChange,
  ): Promise<z.infer<typeof NodeChanged>> {
    const changed = isSlug(id)
      ? await this.api.pools.setNodeState({
          nodeId: id,
          state: change.state,
          reason: change.reason ?? null,
          at: this.api.time.now(),
          actor: `key:${principal.keyId}`,
        })
      : null;
    if (!changed) throw unknownNode(id);
    this.api.onChange?.();
    return { ...nodeShown(await this.findNode(principal, id)), previousState: changed.from };
  }

  private async findNode(principal: Principal, id: string): Promise<Parameters<typeof nodeShown>[0]> {
    const node = isSlug(id) ? await this.api.catalogue.node(principal, id) : null;
    if (!node) throw unknownNode(id);
    return node;
  }
}

const unknownPool = (id: string): Problem =>
  new Problem('pool-unknown', `There is no pool "${id}". See GET /v1/pools.`);
const unknownNode = (id: string): Problem =>
  new Problem('node-unknown', `There is no node "${id}". See GET /v1/pools/{id}/nodes.`);
