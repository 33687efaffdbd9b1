// dataset add: folders of photos into a packed data set.
import { usageError } from '../arguments.ts';
import type { Command } from '../command.ts';
import { datasetView } from '../dataset-view.ts';

export const datasetAdd: Command = {
  words: ['dataset', 'add'],
  summary: 'Packs folders of photos; the same command again continues where it was stopped',
  options: {
    name: { value: 'N', help: 'what to call it', required: true },
    train: { value: 'DIR', help: 'training photos: a folder for each class', required: true },
    'train-labels': {
      value: 'FILE',
      help: 'a list of photos in that folder: file,class or JSON a line; no class folders',
    },
    val: { value: 'DIR', help: 'validation photos: class folders, or flat with --val-labels' },
    'val-labels': {
      value: 'FILE',
      help: "a flat folder's labels: a wnid a line, ImageId,wnid CSV, or devkit ids",
    },
    'val-map': { value: 'FILE', help: 'devkit ids to wnids (map_clsloc.txt); looked for beside the labels' },
    'val-fraction': { value: 'F', help: 'hold out this share of every class instead, e.g. 0.1' },
  },
  notes: [
    'Every folder in the training folder is a class; its files may lie deeper. Hidden files are ignored. Every other',
    'file is packed or listed with the reason why not.',
  ],
  async run({ output, signal, studio, now }, args) {
    const trainLabels = args.text('train-labels');
    const val = args.text('val');
    const valLabels = args.text('val-labels');
    const valMap = args.text('val-map');
    const valFraction = args.number('val-fraction');
    if (valFraction !== undefined && !(valFraction > 0 && valFraction < 1)) {
      throw usageError(`--val-fraction must lie between 0 and 1, not ${valFraction}`);
    }
    if (val !== undefined && valFraction !== undefined)
      throw usageError('give --val or --val-fraction, not both');
    if (valLabels !== undefined && val === undefined) throw usageError('--val-labels needs --val');
    if (valMap !== undefined && valLabels === undefined) throw usageError('--val-map needs --val-labels');
    const view = datasetView(output, now);
    await studio().datasets.add(
      {
        name: args.required('name'),
        train: args.required('train'),
        ...(trainLabels === undefined ? {} : { trainLabels }),
        ...(val === undefined ? {} : { val }),
        ...(valLabels === undefined ? {} : { valLabels }),
        ...(valMap === undefined ? {} : { valMap }),
        ...(valFraction === undefined ? {} : { valFraction }),
      },
      view,
      signal,
    );
  },
};
