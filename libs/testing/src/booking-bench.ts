import type { Booked, NewReservation, ReservationView } from '#libs/application';
import { HOUR_MS, uuidv7 } from '#libs/domain';
import {
  type Database,
  PostgresPlannerFeed,
  PostgresReservationKeeper,
  PostgresReservationStore,
  openDatabase,
} from '#libs/persistence';
import type { Booking, BookingPart, WindowModel } from '#libs/scheduling';
import { type FreshDatabase, freshDatabase } from './fresh-database.js';
import { operatorKey } from './new-job.js';
import { type RunningWork, type Work, runWork } from './running-work.js';
import { aPool, aTenant, insertRows } from './seed-rows.js';

/** Reservations on a database of their own: tenants `blue`, `blue-lab` below it, and `green`; a pool of four nodes at a time. */
export class BookingBench {
  readonly operator = operatorKey(['blue', 'blue-lab', 'green']);
  readonly store: PostgresReservationStore;
  readonly keeper: PostgresReservationKeeper;
  /** Renewed by `anew`. */
  pool = '';
  private pools = 0;
  private made = 0;

  private constructor(
    /** Service time of all that names no other. */
    readonly t0: number,
    private readonly fresh: FreshDatabase,
    readonly system: Database,
    readonly app: Database,
  ) {
    this.store = new PostgresReservationStore(app, system);
    this.keeper = new PostgresReservationKeeper(system);
  }

  static async open(t0: number): Promise<BookingBench> {
    const fresh = await freshDatabase();
    const system = openDatabase(fresh.url, { role: 'chusuan_system', max: 12 });
    const app = openDatabase(fresh.url, { role: 'chusuan_app', max: 4 });
    await insertRows(system, {
      tenants: [aTenant('blue'), aTenant('blue-lab', { parentId: 'blue' }), aTenant('green')],
    });
    return new BookingBench(t0, fresh, system, app);
  }

  /** Nothing is booked, and the next test has a pool to itself. */
  async anew(): Promise<void> {
    for (const table of ['reservation_node', 'reservation_occurrence', 'reservation']) {
      await this.system.query(`delete from ${table}`);
    }
    this.pool = `p${++this.pools}`;
    await insertRows(this.system, { pools: [aPool(this.pool)] });
  }
  async close(): Promise<void> {
    await this.system.close();
    await this.app.close();
    await this.fresh.drop();
  }

  node(index: number): string {
    return `${this.pool}-a-000${index + 1}`;
  }
  /** One part: so many nodes of the pool's group. */
  part(nodes: BookingPart['nodes']): readonly BookingPart[] {
    return [{ poolId: this.pool, groupId: `${this.pool}-a`, nodes }];
  }
  /** From an hour after t0, for two hours, two nodes for blue. */
  aReservation(named: Partial<Booking> & { name?: string; drain?: boolean } = {}): NewReservation {
    const { name = 'course', drain = false, ...booking } = named;
    const kind = booking.kind ?? 'booking';
    return {
      name,
      drain,
      booking: {
        id: uuidv7(this.t0 + ++this.made, new Uint8Array(10)),
        kind,
        from: this.t0 + HOUR_MS,
        until: this.t0 + 3 * HOUR_MS,
        ...(kind === 'booking' && !booking.class && { tenantId: 'blue' }),
        parts: this.part(2),
        ...booking,
      },
    };
  }
  book(asked: NewReservation, at = this.t0): Promise<Booked> {
    return this.store.book(this.operator, asked, at, null);
  }
  async shown({ booking }: NewReservation, at = this.t0): Promise<ReservationView> {
    const view = await this.store.get(this.operator, booking, at);
    if (!view) throw new Error(`There is no ${booking.kind} ${booking.id}`);
    return view;
  }
  /** What the planner is told of. */
  async windows(): Promise<readonly WindowModel[]> {
    return (await new PostgresPlannerFeed(this.system).cold(this.t0)).snapshot.windows;
  }
  async auditOf({ booking }: NewReservation): Promise<readonly string[]> {
    const sql = 'select action from audit_record where subject = $1 order by id';
    return (await this.system.query<{ action: string }>(sql, [booking.id])).rows.map((row) => row.action);
  }
  async stateOf(nodeId: string): Promise<NodeStateRow | undefined> {
    return (
      await this.system.query<NodeStateRow>('select state, state_reason, state_by from node where id = $1', [nodeId])
    ).rows[0];
  }
  /** A job of blue's on one node of the pool, from then on and for so many hours. */
  run(nodeIndex: number, from: number, hours: number, named: Partial<Work> = {}): Promise<RunningWork> {
    const where = { poolId: this.pool, groupId: `${this.pool}-a`, nodeIndices: [nodeIndex] };
    return runWork(this.system, { ...where, placedAt: from, limitSeconds: hours * 3600, ...named });
  }
}
type NodeStateRow = { state: string; state_reason: string | null; state_by: string | null };
