// The demo's plan: its pictures, its data set, a net that a CPU trains in minutes.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Dataset } from '../api/datasets.ts';
import { drawSampleSet } from '../datasets/sample/draw-sample-set.ts';
import { sampleSetVersion } from '../datasets/sample/sample-set.ts';
import { sampleClasses } from '../datasets/sample/shapes.ts';
import type { AddDatasetRequest, DatasetService } from './datasets.ts';
import type { TrainRequest } from './training.ts';

export interface DemoPictures {
  folder: string;
  count: number;
  /** Some of the validation pictures, each of another class. */
  examples: string[];
}

const trainPerClass = 100;
const valPerClass = 25;

/** What learns these pictures in a few minutes: a quarter of the width, and less held back than on ImageNet. */
const demoSettings = [
  'net.widthFactor=0.25',
  'net.dropout=0.3',
  'augmentation.colourNoise=0',
  'optimiser.learningRate=0.02',
  'optimiser.schedule.kind=polynomial',
];

export class DemoPlan {
  readonly datasetName = 'demo';
  readonly #folder: string;
  readonly #datasets: DatasetService;

  constructor(dataRoot: string, datasets: DatasetService) {
    this.#folder = join(dataRoot, 'demo-pictures', `v${sampleSetVersion}`);
    this.#datasets = datasets;
  }

  /** Draws what is not there yet, on a thread of its own. */
  async drawPictures(
    onProgress: (done: number, total: number) => void,
    signal?: AbortSignal,
  ): Promise<DemoPictures> {
    await drawSampleSet({
      folder: this.#folder,
      trainPerClass,
      valPerClass,
      onProgress,
      ...(signal === undefined ? {} : { signal }),
    });
    const examples = sampleClasses
      .filter((_, index) => index % 2 === 0)
      .map(({ name }) => {
        const folder = join(this.#folder, 'val', name);
        return join(folder, readdirSync(folder).sort()[0] ?? '');
      });
    return { folder: this.#folder, count: sampleClasses.length * (trainPerClass + valPerClass), examples };
  }

  /** The demo's data set, once it is ready. */
  dataset(): Dataset | undefined {
    return this.#datasets.list().find((one) => one.name === this.datasetName && one.state === 'ready');
  }

  datasetRequest(pictures: DemoPictures): AddDatasetRequest {
    return {
      name: this.datasetName,
      train: join(pictures.folder, 'train'),
      val: join(pictures.folder, 'val'),
    };
  }

  trainRequest(options: { epochs?: number; threads?: number }): TrainRequest {
    return {
      dataset: this.datasetName,
      name: 'demo',
      preset: 'alexnet',
      epochs: options.epochs ?? 20,
      batchSize: 32,
      settings: demoSettings,
      ...(options.threads === undefined ? {} : { threads: options.threads }),
    };
  }
}
