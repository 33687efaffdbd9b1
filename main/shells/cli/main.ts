// The command line's entry: alexnet-studio COMMAND ... (from a checkout: npm run -s cli -- COMMAND ...).
import { Studio } from '../../services/studio.ts';
import type { Globals } from './arguments.ts';
import { commands } from './commands.ts';
import { Interrupts } from './interrupts.ts';
import type { Output } from './output.ts';
import { exitStatus, runCommand } from './run-command.ts';
import { programName } from './usage.ts';

const interrupts = new Interrupts(process);

process.exitCode = await runCommand(process.argv.slice(2), {
  program: programName(process.argv[1] ?? ''),
  commands,
  stdout: process.stdout,
  stderr: process.stderr,
  now: () => performance.now(),
  version: Studio.version(),
  signal: interrupts.signal,
  openStudio(globals: Globals, output: Output) {
    let studio: Studio | undefined;
    return {
      studio() {
        studio ??= Studio.open({ dataDir: globals.dataDir, warn: (line) => output.warn(line) });
        return studio;
      },
      async close() {
        await studio?.close();
      },
    };
  },
});
// A reader that went away early (`| head`) is no failure.
if (interrupts.outputClosed) process.exitCode = exitStatus.done;
interrupts.stopListening();
