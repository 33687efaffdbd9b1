// Reads a stream over any number of connections.
import { OfflineError } from '../logic/errors.ts';
import type { Connection } from './connection.ts';

/**
 * Calls `onEvent` for every event until the stream ends or `signal` is aborted. When the connection breaks, `open` is
 * called again: it asks for what comes after the last event seen. Throws what the studio refuses.
 */
export async function follow<Event>(
  connection: Pick<Connection, 'whenOpen'>,
  open: (signal: AbortSignal) => Promise<AsyncIterable<Event>>,
  onEvent: (event: Event) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await connection.whenOpen(signal);
      for await (const event of await open(signal)) {
        if (signal.aborted) return;
        onEvent(event);
      }
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof OfflineError)) throw error;
    }
  }
}
