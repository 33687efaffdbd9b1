// model list: imported models in a line each.
import type { Command } from '../command.ts';
import { bytes, count, table, when } from '../format.ts';

export const modelList: Command = {
  words: ['model', 'list'],
  summary: 'Lists imported models; every run is a model, too',
  run({ output, studio }) {
    const models = studio().models.list();
    output.emit({ models });
    if (models.length === 0) {
      output.print('no imported models; runs can be named wherever a MODEL is asked for');
      return;
    }
    const lines = table(
      [
        { title: 'name' },
        { title: 'preset' },
        { title: 'classes', align: 'right' },
        { title: 'parameters', align: 'right' },
        { title: 'size', align: 'right' },
        { title: 'imported' },
      ],
      models.map((model) => [
        model.name,
        model.preset,
        count(model.labels.length),
        count(model.parameters),
        bytes(model.sizeBytes),
        when(model.createdAt),
      ]),
    );
    for (const line of lines) output.print(line);
  },
};
