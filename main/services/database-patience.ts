// What the screens ask for while another process writes: it is done when that process is ready, and the others that ask
// are answered meanwhile.
import type { WritableDatabase } from '../data/database.ts';
import { isLocked } from '../data/sqlite-error.ts';

/** So long the thread itself waits: the usual transaction of the command line is over by then. */
export const shortWaitMs = 200;
/** So long a person waits. */
const patienceMs = 10_000;

type Handler = (input: never, signal: AbortSignal) => unknown;

/**
 * A table of handlers as it was, whose calls begin again where the database was locked before they had changed
 * anything in it, for ten seconds at most; then they fail with BUSY as ever.
 */
export function patient<Table extends object>(
  table: Table,
  db: WritableDatabase,
  limitMs = patienceMs,
): Table {
  const entries = Object.entries(table).map(([name, entry]: [string, unknown]) => {
    if (typeof entry === 'function') return [name, patientHandler(entry as Handler, db, limitMs)];
    return [name, patient(entry as object, db, limitMs)];
  });
  return Object.fromEntries(entries) as Table;
}

function patientHandler(handler: Handler, db: WritableDatabase, limitMs: number): Handler {
  return (input, signal) => {
    const begin = performance.now();
    const attempt = (): unknown => {
      const before = db.changes;
      const again = async (error: unknown): Promise<unknown> => {
        const leftMs = begin + limitMs - performance.now();
        const untouched = isLocked(error, db.path) && db.changes === before;
        if (!untouched || leftMs <= 0 || signal.aborted) throw error;
        await db.untilFree(leftMs);
        return attempt();
      };
      try {
        const answer = handler(input, signal);
        return answer instanceof Promise ? answer.catch(again) : answer;
      } catch (error) {
        return again(error);
      }
    };
    return attempt();
  };
}
