// serve: the application in a browser on this machine.
import { AppError } from '../../../api/errors.ts';
import { type Server, startServer } from '../../server/serve.ts';
import type { Command } from '../command.ts';

/** Tried where no port is asked for, so that the address stays the same; any free one where it is taken. */
const usualPort = 8420;

function isTaken(error: unknown): boolean {
  return error instanceof AppError && error.code === 'BUSY' && error.details?.port === usualPort;
}

export const serve: Command = {
  words: ['serve'],
  summary: 'Opens the application to a browser on this machine',
  options: { port: { value: 'P', help: `the port to listen on; 0: any (default: ${usualPort}, or any)` } },
  notes: [
    'The printed address carries a secret: it opens the application to whoever has it and can reach this machine.',
    'Ctrl-C ends it: what trains stops with a checkpoint. Ctrl-C again ends it at once.',
  ],
  async run({ output, signal, studio }, args) {
    const port = args.integer('port', 0, 65_535);
    const opened = studio();
    let server: Server;
    try {
      server = await startServer({ studio: opened, port: port ?? usualPort });
    } catch (error) {
      if (port !== undefined || !isTaken(error)) throw error;
      server = await startServer({ studio: opened, port: 0 });
    }
    output.emit({ event: 'serving', url: server.url, port: server.port });
    output.print(server.url);
    output.note('Open this address in a browser on this machine. Ctrl-C ends.');
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    }
    output.note('Ending: what trains stops with a checkpoint.');
    await server.close();
  },
};
