import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type FreshDatabase, freshDatabase } from '#libs/testing';
import { Client } from 'pg';
import { type Presence, holdPresence } from './postgres-presence.js';

/** Stands before the real server and can be cut, as a server that recovers cuts and refuses its clients. */
class Gate {
  open = true;
  knocks = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  constructor(private readonly behind: URL) {
    this.server = createServer((socket) => this.admit(socket));
  }

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    const url = new URL(this.behind);
    url.port = String((this.server.address() as AddressInfo).port);
    return url.toString();
  }

  shut(): void {
    this.open = false;
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.shut();
    await new Promise((done) => this.server.close(done));
  }

  private admit(socket: Socket): void {
    this.knocks += 1;
    socket.on('error', () => {});
    if (!this.open) return void socket.destroy();
    const onward = connect(Number(this.behind.port), this.behind.hostname);
    onward.on('error', () => socket.destroy());
    onward.on('close', () => socket.destroy());
    socket.on('close', () => onward.destroy());
    this.sockets.add(socket);
    socket.pipe(onward).pipe(socket);
  }
}

let fresh: FreshDatabase;
let gate: Gate;
let url: string;
let presence: Presence | null = null;
beforeEach(async () => {
  fresh = await freshDatabase();
  gate = new Gate(new URL(fresh.url));
  url = await gate.listen();
});
afterEach(async () => {
  await presence?.end();
  presence = null;
  await gate.close();
  await fresh.drop();
});
async function present(): Promise<number> {
  const client = new Client({ connectionString: fresh.url });
  await client.connect();
  const { rows } = await client.query<{ n: number }>(
    `select count(*)::int as n from pg_stat_activity where application_name = 'chusuan-presence' and datname = current_database()`,
  );
  await client.end();
  return rows[0]?.n ?? -1;
}

it('that is cut and refused knocks ever less often, and is one connection again when it is let in', async () => {
  const told: string[] = [];
  presence = await holdPresence(
    url,
    () => true,
    (how) => told.push(how),
  );
  gate.shut();
  await delay(2_500); // tries after 0.1, 0.3, 0.7 and 1.5 s
  expect(gate.knocks - 1).toBeGreaterThanOrEqual(1);
  expect(gate.knocks - 1).toBeLessThanOrEqual(4);
  gate.open = true;
  while ((await present()) === 0) await delay(50);
  await delay(500);
  expect([await present(), told]).toEqual([1, []]);
}, 20_000);

it('of a server that is gone says so once, and stops looking', async () => {
  const told: string[] = [];
  let lives = true;
  presence = await holdPresence(
    url,
    () => lives,
    (how) => told.push(how),
  );
  gate.shut();
  await delay(500);
  lives = false;
  while (told.length === 0) await delay(50);
  const knocks = gate.knocks;
  await delay(1_000);
  expect([told.length, gate.knocks - knocks]).toEqual([1, 0]);
}, 20_000);

it('that ends while it looks for the server makes no connection any more', async () => {
  const told: string[] = [];
  presence = await holdPresence(
    url,
    () => true,
    (how) => told.push(how),
  );
  gate.shut();
  await delay(250);
  await presence.end();
  gate.open = true;
  await delay(1_000);
  expect([await present(), told]).toEqual([0, []]);
}, 20_000);
