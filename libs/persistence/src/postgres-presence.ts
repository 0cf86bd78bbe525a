import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';

/** One connection that tells other processes: somebody here still needs the server. */
export interface Presence {
  end(): Promise<void>;
}

const presenceName = 'chusuan-presence';
const leavingName = 'chusuan-leaving';

const socketOf = (client: Client): Pick<Socket, 'ref' | 'unref'> =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream;

/**
 * Holds a connection until `end`. When the server drops it and is gone, `onExit` is told; when the server lives on (it restarts
 * itself after one of its backends was killed), the connection is made anew. It does not keep this process alive.
 */
export async function holdPresence(
  url: string,
  serverLives: () => boolean,
  onExit?: (how: string) => void,
): Promise<Presence> {
  let ended = false;
  let client = await connect();

  async function connect(): Promise<Client> {
    const made = new Client({ connectionString: url, application_name: presenceName, keepAlive: true });
    let why = 'it closed its connections';
    made.on('error', (error) => (why = error.message));
    made.on('end', () => void comeBack(why));
    await made.connect();
    socketOf(made).unref();
    return made;
  }

  async function comeBack(why: string): Promise<void> {
    while (!ended) {
      await delay(200, undefined, { ref: false });
      if (ended) return;
      if (!serverLives()) {
        onExit?.(`PostgreSQL has ended: ${why}`);
        return;
      }
      try {
        client = await connect();
        return;
      } catch {
        continue; // it is recovering, or on its way out: the next look tells
      }
    }
  }

  return {
    end: async () => {
      ended = true;
      socketOf(client).ref(); // or Node may take the wait for the farewell for nothing to do, and end before we have left
      await client.end().catch(() => {});
    },
  };
}

/**
 * Whether any client but those that are themselves leaving is connected. A connection that was closed a moment ago is still
 * listed until its backend has gone, so a yes is asked again for half a second.
 */
export async function othersConnected(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, application_name: leavingName });
  client.on('error', () => {});
  try {
    await client.connect();
    for (let look = 0; look < 20; look++) {
      const { rows } = await client.query<{ others: boolean }>(
        `select exists (select from pg_stat_activity where backend_type = 'client backend' and application_name <> $1) as others`,
        [leavingName],
      );
      if (!rows[0]?.others) return false;
      await delay(25);
    }
    return true;
  } catch {
    return false; // it went down while we asked: somebody else was the last one out
  } finally {
    await client.end().catch(() => {});
  }
}
