import { createHash, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { EXPORTER_SETTINGS, type ExporterSettings } from './exporter.settings.js';

interface Request {
  readonly headers: Readonly<Record<string, string | undefined>>;
}
interface Reply {
  header(name: string, value: string): unknown;
}

/** The exporter's own token and nothing else: API keys, of tenants or operators, mean nothing here. */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(@Inject(EXPORTER_SETTINGS) private readonly settings: ExporterSettings) {}

  canActivate(context: ExecutionContext): boolean {
    const { token } = this.settings;
    if (token === undefined || token === '') return true;
    const http = context.switchToHttp();
    const given = /^Bearer (.+)$/i.exec(http.getRequest<Request>().headers['authorization'] ?? '')?.[1];
    if (given !== undefined && isSame(given, token)) return true;
    http.getResponse<Reply>().header('www-authenticate', 'Bearer realm="metrics"');
    throw new UnauthorizedException(
      'Metrics need the bearer token of CHUSUAN_METRICS_TOKEN; API keys do not open them.',
    );
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
/** Digests are compared, so that neither length nor content shows in the time taken. */
const isSame = (given: string, wanted: string): boolean => timingSafeEqual(digest(given), digest(wanted));
