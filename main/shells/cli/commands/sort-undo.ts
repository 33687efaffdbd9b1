// sort undo: puts back what was sorted, by the list that sorting wrote.
import { resolve } from 'node:path';
import type { Command } from '../command.ts';
import { count, plural, printable } from '../format.ts';

const shown = 20;

export const sortUndo: Command = {
  words: ['sort', 'undo'],
  summary: 'Puts back what was sorted',
  positionals: 'LIST',
  positionalCount: [1, 1],
  notes: [
    'LIST is DIR/sorted-*.jsonl, which sorting wrote. Photos that were moved go back to where they were, copies are',
    'taken away where the original is still the same. Nothing is overwritten; what has changed since is left, and stays',
    'in the list.',
  ],
  async run({ output, signal, studio }, args) {
    const list = resolve(args.positional(0));
    const end = await studio().sorting.undoList(
      list,
      (done, total) => output.status(() => `putting back  ${count(done)}/${count(total)}`),
      signal,
    );
    output.clearStatus();
    const left = end.total - end.done;
    output.emit({ event: 'done', ...end, list: left === 0 ? null : list });
    output.print(`${plural(end.done, 'photo')} put back, ${plural(left, 'photo left', 'photos left')}`);
    for (const { path, note } of end.left.slice(0, shown))
      output.print(`  ${printable(path)}: ${printable(note)}`);
    if (left > shown) output.print(`  and ${count(left - shown)} more, all in ${printable(list)}`);
    return left === 0 ? undefined : 'failed';
  },
};
