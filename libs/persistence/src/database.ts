import type { Principal } from '#libs/application';
import { Pool, types, type PoolClient, type QueryResultRow } from 'pg';
import { isConnectionLoss } from './database-errors.js';

/** The roles of the schema (DESIGN.md 6); `owner` is the login user itself, for migrations and tests. */
export type DatabaseRole = 'chusuan_app' | 'chusuan_system' | 'chusuan_auditor' | 'owner';

export interface DatabaseOptions {
  readonly role: DatabaseRole;
  /** Connections at most; default 10. */
  readonly max?: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string;
  /** Told of connections that broke while nobody used them; the next query opens a new one. */
  readonly onIdleError?: (error: Error) => void;
}

/** A statement the server parses and plans once a connection: for what runs many times a second. The name is unique in the service. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}
export const statement = (name: string, text: string): Statement => ({ name, text });

export interface QueryAnswer<Row> {
  readonly rows: Row[];
  readonly rowCount: number;
}
/**
 * What runs SQL. Values arrive so: timestamptz as epoch milliseconds, int8 as a number (RangeError above 2^53: cast such a
 * column to numeric), numeric as a bigint when it is whole (so `sum(bigint)` and `joules::numeric` are ledger quantities).
 * Instants go in by `timestamptz(ms)`.
 */
export interface Session {
  query<Row extends QueryResultRow = QueryResultRow>(
    sql: string | Statement,
    values?: readonly unknown[],
  ): Promise<QueryAnswer<Row>>;
}
export interface Database extends Session {
  /** Begin, work, commit; rolled back when the work throws. */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** A transaction that sees the principal's tenants and no others. Throws when there is no principal. */
  asPrincipal<T>(principal: Principal, work: (session: Session) => Promise<T>): Promise<T>;
  /** Connections of this pool as they stand. */
  connections(): { readonly idle: number; readonly used: number; readonly waiting: number };
  /** Waits for what is running, then closes every connection. */
  close(): Promise<void>;
}

// Long enough for the slowest honest statement of each role, short enough that a stuck one frees its locks.
const statementTimeoutMs: Readonly<Record<DatabaseRole, number>> = {
  chusuan_app: 10_000,
  chusuan_system: 30_000,
  chusuan_auditor: 60_000,
  owner: 600_000,
};

/** Connections are opened when they are needed: a server that is down is noticed by the first query, not here. */
export function openDatabase(url: string, options: DatabaseOptions): Database {
  const timeoutMs = statementTimeoutMs[options.role];
  const pool = new Pool({
    connectionString: url,
    options: startupOptions(options.role, timeoutMs),
    application_name: options.applicationName ?? 'chusuan',
    max: options.max ?? 10,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    // The server's own limit comes first; this one is for a connection on which nothing answers any more.
    query_timeout: timeoutMs + 5_000,
    keepAlive: true,
    types: { getTypeParser: parserOf as typeof types.getTypeParser },
  });
  pool.on('error', (error) => options.onIdleError?.(error));

  const transact = async <T>(opening: string, work: (session: Session) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    const noteBroken = (): void => {}; // a connection that breaks in use fails its query, which tells
    client.on('error', noteBroken);
    let broken = false;
    try {
      await client.query(opening);
      const result = await work(sessionOn(client));
      await client.query('commit');
      return result;
    } catch (error) {
      broken = isConnectionLoss(error) || !(await rolledBack(client));
      throw error;
    } finally {
      client.off('error', noteBroken);
      client.release(broken);
    }
  };
  return {
    ...sessionOn(pool),
    transaction: (work) => transact('begin', work),
    asPrincipal: async (principal, work) => transact(openingFor(principal), work),
    connections: () => ({
      idle: pool.idleCount,
      used: pool.totalCount - pool.idleCount,
      waiting: pool.waitingCount,
    }),
    close: () => pool.end(),
  };
}

function startupOptions(role: DatabaseRole, timeoutMs: number): string {
  const settings: Record<string, string | number> = {
    ...(role !== 'owner' && { role }),
    TimeZone: 'UTC',
    statement_timeout: timeoutMs,
    idle_in_transaction_session_timeout: 60_000,
  };
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');
}

function sessionOn(runner: Pool | PoolClient): Session {
  return {
    query: async <Row extends QueryResultRow>(sql: string | Statement, values: readonly unknown[] = []) => {
      const config = typeof sql === 'string' ? { text: sql } : { name: sql.name, text: sql.text };
      const result = await runner.query<Row>({ ...config, values: [...values] });
      return { rows: result.rows, rowCount: result.rowCount ?? 0 };
    },
  };
}

async function rolledBack(client: PoolClient): Promise<boolean> {
  try {
    await client.query('rollback');
    return true;
  } catch {
    return false;
  }
}

const slug = /^[a-z0-9][a-z0-9._-]*$/i;

/** Whose idempotency keys are whose: the tenant's, or, for the bureau's roles, the API key's own. */
export const ownerOf = (principal: Principal): string => principal.tenantId ?? `key:${principal.keyId}`;

// Begin and the settings travel as one message, so that isolation costs no round trip; the simple protocol takes no
// parameters, so the values are checked to need no quoting.
function openingFor(principal: Principal | null | undefined): string {
  if (!principal) {
    throw new Error('A repository of tenants was used without a principal: pass the one that authentication found');
  }
  const unfit = principal.tenants.filter((id) => !slug.test(id));
  const owner = ownerOf(principal);
  if (unfit.length > 0 || !/^(key:)?[a-z0-9][a-z0-9._-]*$/i.test(owner)) {
    throw new Error(
      `Not an id of a tenant or key: ${JSON.stringify(unfit[0] ?? owner)}. Ids are letters, digits, dot, dash and underscore`,
    );
  }
  const tenants = principal.tenants.join(',');
  return `begin; select set_config('app.tenants', '${tenants}', true), set_config('app.owner', '${owner}', true)`;
}

/** An epoch-millisecond instant as a parameter for timestamptz. */
export function timestamptz(ms: number): string;
export function timestamptz(ms: number | null | undefined): string | null;
export function timestamptz(ms: number | null | undefined): string | null {
  if (ms === null || ms === undefined) return null;
  if (ms === Infinity) return 'infinity';
  if (ms === -Infinity) return '-infinity';
  return new Date(ms).toISOString();
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(
      `${text} does not fit a number exactly: cast the column to numeric, which arrives as a bigint`,
    );
  }
  return value;
}
const wholeOrNumber = (text: string): bigint | number => (/^-?\d+$/.test(text) ? BigInt(text) : Number(text));

// Every session runs in UTC, so the offset is always +00.
function epochMs(text: string): number {
  if (text === 'infinity') return Infinity;
  if (text === '-infinity') return -Infinity;
  return Date.parse(`${text.slice(0, 10)}T${text.slice(11).replace(/\+00$/, 'Z')}`);
}

const parseTextArray = types.getTypeParser(1009 as number, 'text') as (text: string) => (string | null)[];
const arrayOf =
  <T>(parse: (text: string) => T) =>
  (text: string): (T | null)[] =>
    parseTextArray(text).map((item) => (item === null ? null : parse(item)));

const ownParsers: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [types.builtins.INT8, safeInteger],
  [1016, arrayOf(safeInteger)],
  [types.builtins.NUMERIC, wholeOrNumber],
  [1231, arrayOf(wholeOrNumber)],
  [types.builtins.TIMESTAMPTZ, epochMs],
  [1185, arrayOf(epochMs)],
  [2951, arrayOf((id: string) => id)],
]);
const parserOf = (oid: number, format?: 'text' | 'binary'): unknown =>
  (format !== 'binary' && ownParsers.get(oid)) || types.getTypeParser(oid, format ?? 'text');
