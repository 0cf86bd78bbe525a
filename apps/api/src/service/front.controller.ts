import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiExcludeEndpoint } from '@nestjs/swagger';
import { Documented, Problem, Public, isProblemCode, problemIndexPage, problemPage } from '#libs/http';
import { z } from 'zod';
import { Text } from '../schemas/common.js';

const Front = z
  .strictObject({ service: z.literal('chusuan'), name: Text, links: z.record(z.string(), z.string()) })
  .meta({ id: 'Front' });

const page = { description: 'A page, in Chinese and English', mediaType: 'text/html' };

// Our own page around Swagger UI's local files: the one that comes with it carries addresses of other hosts.
const documentationPage = `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>楚算 Chusuan API</title>
<link rel="stylesheet" href="/docs/ui/swagger-ui.css"><link rel="icon" type="image/png" href="/docs/ui/favicon-32x32.png">
<style>body{margin:0}.swagger-ui .topbar{display:none}</style>
</head><body><div id="swagger-ui"></div>
<noscript>本页需要 JavaScript；接口描述见 <a href="/openapi.json">/openapi.json</a>。This page needs JavaScript; the contract is at /openapi.json.</noscript>
<script src="/docs/ui/swagger-ui-bundle.js"></script><script src="/docs/ui/swagger-ui-standalone-preset.js"></script>
<script src="/docs/ui/swagger-ui-init.js"></script></body></html>
`;

@Controller()
export class FrontController {
  @Get()
  @Documented({
    tag: 'service',
    summary: 'What is here',
    answers: { 200: { description: 'Links', schema: Front } },
    roles: 'public',
  })
  front(): z.infer<typeof Front> {
    return {
      service: 'chusuan',
      name: { zh: '楚算 · 算力资源调度服务', en: 'Chusuan: compute-resource scheduling' },
      links: {
        documentation: '/docs',
        openapi: '/openapi.json',
        problems: '/problems',
        jobs: '/v1/jobs',
        quotes: '/v1/quotes',
        pools: '/v1/pools',
        tenants: '/v1/tenants',
        settlements: '/v1/energy/settlements',
        clock: '/v1/clock',
        health: '/healthz',
        readiness: '/readyz',
      },
    };
  }

  @Get('docs')
  @Public()
  @ApiExcludeEndpoint()
  @Header('Content-Type', 'text/html; charset=utf-8')
  documentation(): string {
    return documentationPage;
  }

  @Get('problems')
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Documented({ tag: 'service', summary: 'All kinds of problems', answers: { 200: page }, roles: 'public' })
  problems(): string {
    return problemIndexPage();
  }

  @Get('problems/:code')
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Documented({
    tag: 'service',
    summary: 'One kind of problem: what it means and what to do',
    answers: { 200: page },
    problems: ['problem-unknown'],
    roles: 'public',
  })
  problem(@Param('code') code: string): string {
    if (!isProblemCode(code))
      throw new Problem('problem-unknown', `There is no kind of problem "${code}". See /problems.`);
    return problemPage(code);
  }
}
