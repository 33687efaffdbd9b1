// runs list: every run in a line, the newest first.
import type { Command } from '../command.ts';
import { count, loss, percent, table, when } from '../format.ts';

export const runsList: Command = {
  words: ['runs', 'list'],
  summary: 'Lists the runs',
  run({ program, output, studio }) {
    const runs = studio().runs.list();
    output.emit({ runs });
    if (runs.length === 0) {
      output.print(`no runs yet; ${program} train --help says how to begin one`);
      return;
    }
    const lines = table(
      [
        { title: 'id' },
        { title: 'name' },
        { title: 'state' },
        { title: 'data set' },
        { title: 'preset' },
        { title: 'step', align: 'right' },
        { title: 'of', align: 'right' },
        { title: 'loss', align: 'right' },
        { title: 'best top-1', align: 'right' },
        { title: 'begun' },
      ],
      runs.map((run) => [
        run.id,
        run.name,
        run.state,
        run.datasetName,
        run.preset,
        count(run.step),
        count(run.totalSteps),
        loss(run.loss),
        percent(run.bestTop1Error),
        when(run.createdAt),
      ]),
    );
    for (const line of lines) output.print(line);
  },
};
