import { statement, type Session } from './database.js';

// A share lock is all the fence needs: a take-over updates the row and so waits for every write under the old epoch, and a
// write that waited for a take-over reads the new epoch. Two writers under one epoch do run side by side.
const holdEpoch = statement('epoch-hold', `select epoch from lease where name = 'scheduler' for share`);

/** The epoch in force, which stays so until the transaction ends. */
export async function epochInForce(session: Session): Promise<number> {
  const { rows } = await session.query<{ epoch: number }>(holdEpoch);
  if (!rows[0]) throw new Error('The row "scheduler" of table lease is gone: run the migrations on this database');
  return rows[0].epoch;
}
