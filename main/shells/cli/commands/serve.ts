// serve: the application in a browser on this machine.
import { AppError } from '../../../api/errors.ts';
import type { Command } from '../command.ts';

export const serve: Command = {
  words: ['serve'],
  summary: 'Opens the application to a browser on this machine (not part of this version)',
  options: { port: { value: 'P', help: 'the port to listen on' } },
  run(_context, args) {
    args.integer('port', 0, 65_535);
    throw new AppError(
      'INVALID_ARGUMENT',
      'this version has no screens to serve yet; everything can be done with the other commands, see --help',
    );
  },
};
