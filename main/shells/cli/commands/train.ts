// train: trains a net on a data set.
import { parallelismSchema } from '../../../api/run-config.ts';
import { usageError } from '../arguments.ts';
import type { Command } from '../command.ts';
import { parallelismHelp } from '../parallelism-help.ts';
import { trainView } from '../train-view.ts';

export const train: Command = {
  words: ['train'],
  summary: 'Trains a net on a data set',
  options: {
    dataset: { value: 'N', help: 'the data set', required: true },
    preset: { value: 'P', help: 'what to begin with (default: alexnet); resources/presets has them all' },
    set: {
      value: 'PATH=VALUE',
      help: 'changes one field, e.g. optimiser.learningRate=0.02; repeatable',
      multiple: true,
    },
    epochs: { value: 'E', help: 'how long, in passes over the data set' },
    steps: { value: 'S', help: 'or in steps' },
    batch: { value: 'B', help: 'images a step' },
    devices: { value: 'D,D', help: 'cpu, or cuda:0; several of them share the work as --parallelism says' },
    parallelism: { value: 'P', help: parallelismHelp },
    precision: { value: 'P', help: 'fp32, tf32 or bf16' },
    threads: { value: 'T', help: 'CPU threads; 0: all cores' },
    seed: { value: 'S', help: 'of every random draw' },
    init: { value: 'MODEL', help: 'start from the weights and the net of this model' },
    freeze: { value: 'LAYER,LAYER', help: 'layers that do not learn, e.g. conv1,conv2' },
    preprocessing: {
      value: 'model|dataset',
      help: "whose mean and scale pixels take (default: the model's with --init)",
    },
    name: { value: 'NAME', help: 'what to call the run' },
  },
  notes: [
    'With --init the last layer is new where the classes are others; --set net.layers.NAME.learningRateFactor=0.1 slows',
    'a layer down. A tenth of the usual rate keeps what was learnt: --set optimiser.learningRate=0.001.',
    'Ctrl-C stops after the step with a checkpoint; resume continues. Ctrl-C again stops at once.',
  ],
  async run({ output, signal, studio, now }, args) {
    const epochs = args.integer('epochs', 1);
    const steps = args.integer('steps', 1);
    if (epochs !== undefined && steps !== undefined) throw usageError('give --epochs or --steps, not both');
    const batchSize = args.integer('batch', 1);
    const threads = args.integer('threads', 0);
    const seed = args.integer('seed', 0);
    const precision = args.choice('precision', ['fp32', 'tf32', 'bf16']);
    const devices = args.text('devices')?.split(',');
    const parallelism = args.choice('parallelism', parallelismSchema.options);
    const preset = args.text('preset');
    const init = args.text('init');
    const freeze = args.text('freeze')?.split(',');
    const preprocessing = args.choice('preprocessing', ['model', 'dataset']);
    const name = args.text('name');
    await studio().training.start(
      {
        dataset: args.required('dataset'),
        settings: args.list('set'),
        ...(preset === undefined ? {} : { preset }),
        ...(epochs === undefined ? {} : { epochs }),
        ...(steps === undefined ? {} : { steps }),
        ...(batchSize === undefined ? {} : { batchSize }),
        ...(devices === undefined ? {} : { devices }),
        ...(parallelism === undefined ? {} : { parallelism }),
        ...(precision === undefined ? {} : { precision }),
        ...(threads === undefined ? {} : { threads }),
        ...(seed === undefined ? {} : { seed }),
        ...(init === undefined ? {} : { init }),
        ...(freeze === undefined ? {} : { freeze }),
        ...(preprocessing === undefined ? {} : { preprocessing }),
        ...(name === undefined ? {} : { name }),
      },
      trainView(output, now),
      signal,
    );
  },
};
