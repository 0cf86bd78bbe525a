import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';

/** One connection that tells other processes: somebody here still needs the server. */
export interface Presence {
  end(): Promise<void>;
}

const presenceName = 'chusuan-presence';
const leavingName = 'chusuan-leaving';
/** PostgreSQL is back about a second after it lost a backend; a longer recovery is not hurried by asking more often. */
const firstPauseMs = 100;
const longestPauseMs = 2_000;

const socketOf = (client: Client): Pick<Socket, 'ref' | 'unref'> =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream;

/**
 * Holds a connection until `end`. When the server drops it and is gone, `onExit` is told; when the server lives on (it restarts
 * itself after one of its backends was killed), the connection is made anew, by one search at a time. It does not keep this
 * process alive.
 */
export async function holdPresence(
  url: string,
  serverLives: () => boolean,
  onExit?: (how: string) => void,
): Promise<Presence> {
  let ended = false;
  let client: Client;

  // Only a connection that stood is watched: pg says `end` of a failed attempt too, and each would begin a search of its own.
  function hold(made: Client): void {
    client = made;
    let why = 'it closed its connections';
    made.on('error', (error) => (why = error.message));
    made.once('end', () => void comeBack(why));
  }

  async function comeBack(why: string): Promise<void> {
    for (let pauseMs = firstPauseMs; !ended; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      await delay(pauseMs, undefined, { ref: false });
      if (ended) return;
      if (!serverLives()) {
        onExit?.(`PostgreSQL has ended: ${why}`);
        return;
      }
      const made = await connect(url).catch(() => null); // it is recovering, or on its way out: the next look tells
      if (made === null) continue;
      if (ended) void made.end().catch(() => {});
      else hold(made);
      return;
    }
  }

  hold(await connect(url));
  return {
    end: async () => {
      ended = true;
      socketOf(client).ref(); // or Node may take the wait for the farewell for nothing to do, and end before we have left
      await client.end().catch(() => {});
    },
  };
}

async function connect(url: string): Promise<Client> {
  const made = new Client({
    connectionString: url,
    application_name: presenceName,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
  });
  made.on('error', () => {}); // told by connect(), and later by `end`
  try {
    await made.connect();
  } catch (error) {
    void made.end().catch(() => {});
    throw error;
  }
  socketOf(made).unref();
  return made;
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
