// What a file of weights is: the net it belongs to, tensor by tensor, and everything that is needed to use it. What the
// user says comes before what the file says, which comes before what is known of its source.
import { basename } from 'node:path';
import { AppError } from '../../api/errors.ts';
import type { ImportCorrections, Recognition, TensorFit } from '../../api/models.ts';
import type { NetDescription, TensorInfo } from '../../api/net-description.ts';
import type { NetConfig } from '../../api/run-config.ts';
import { FileBytes } from '../../data/model-formats/byte-source.ts';
import { readCaffeMean } from '../../data/model-formats/caffe-file.ts';
import type { ModelFile } from '../../data/model-formats/model-file.ts';
import {
  RecordedTensors,
  reshaped,
  reversed,
  type TensorRecord,
} from '../../data/model-formats/tensor-records.ts';
import { findMisfits, netTensors, sequentialModules, tensorNames } from '../../data/model-layout.ts';
import { type TensorSource, valueCount } from '../../data/tensor-source.ts';
import type { Addon } from '../../engine/addon.ts';
import { type ClassNames, placeholderNames } from '../class-names.ts';
import { fromMetadata, type ModelDescription } from '../model-metadata.ts';
import { fitNet } from '../model-net.ts';
import { toPreprocessing, toScaling } from '../model-preprocessing.ts';
import { describeNet } from '../net-description.ts';
import { defaultPreset, type Presets } from '../presets.ts';
import { netOfChain } from './chain-net.ts';
import { readLabels } from './labels-file.ts';
import { commonFactor, recogniseSource, type Source, type Widths } from './sources.ts';

export interface Recognised {
  recognition: Recognition;
  description: ModelDescription;
  net: NetDescription;
  /** The file's tensors as the net has them: by our names, in our order of colours. */
  tensors: TensorSource;
}

export interface RecogniserParts {
  presets: Presets;
  classNames: ClassNames;
  addon: () => Addon;
}

interface Candidate {
  preset: string;
  net: NetConfig;
  description: NetDescription;
  names: ReadonlyMap<string, string>;
  fits: TensorFit[];
  notes: string[];
}

const sizes = [224, 227];
const labelsShown = 5;

export class ModelRecogniser {
  readonly #parts: RecogniserParts;

  constructor(parts: RecogniserParts) {
    this.#parts = parts;
  }

  /**
   * Never throws for tensors that do not fit: they are listed. Throws INVALID_MODEL where there is no net to compare
   * with, INVALID_CONFIG for an unknown preset, INVALID_LABELS, NOT_FOUND.
   */
  recognise(file: ModelFile, corrections: ImportCorrections): Recognised {
    const own = corrections.preset === undefined ? fromMetadata(file.metadata, file.path) : undefined;
    const candidates =
      own === undefined ? this.#candidates(file, corrections.preset) : [this.#own(file, own)];
    const good = candidates.filter(({ fits }) => fits.every(({ problem }) => problem === ''));
    const chosen = good[0] ?? closest(file, candidates);
    if (chosen === undefined)
      throw new AppError('INVALID_MODEL', `${file.path} fits no net that is known here`);
    const source = recogniseSource(
      file,
      chosen.preset,
      chosen.net,
      own === undefined ? this.#widths(chosen) : 1,
    );
    const { net, preset } = chosen;
    const seen = this.#preprocessing(net, corrections, own, source);
    const labels = this.#labels(net.classes, corrections, own);
    const origin = { importedFrom: basename(file.path), ...own?.model.origin };
    const { preprocessing, meanImage, scaling, from } = seen;
    const channels = corrections.channels ?? (own === undefined ? source.channels : 'rgb');
    return {
      recognition: {
        format: file.format,
        title: file.title,
        kind: own === undefined ? source.kind : 'a model of AlexNet Studio',
        preset,
        fitting: good.map((one) => one.preset),
        columns: net.columns,
        inputSize: net.inputSize,
        classes: net.classes,
        parameters: chosen.description.parameters,
        fits: good.includes(chosen),
        tensors: chosen.fits,
        preprocessing: {
          channels,
          ...scaling,
          meanImage: meanImage !== undefined,
          cropSize: preprocessing.cropSize,
          from,
        },
        labels: { from: labels.from, first: labels.names.slice(0, labelsShown) },
        claim: own === undefined && good.includes(chosen) ? source.claim : null,
        notes: own === undefined ? [...chosen.notes, ...unfollowed(file), ...source.notes] : [],
      },
      description: {
        model: { version: 1, preset, net, preprocessing, labels: labels.names, origin },
        meanImage,
      },
      net: chosen.description,
      tensors: this.#tensors(file, chosen, channels),
    };
  }

  #own(file: ModelFile, { model }: ModelDescription): Candidate {
    const description = this.#describe(model.net, file.path);
    return candidate(file, model.preset, model.net, description);
  }

  #candidates(file: ModelFile, preset: string | undefined): Candidate[] {
    const { presets } = this.#parts;
    if (preset === undefined && file.chain !== undefined) {
      const found = this.#ofChain(file);
      if (found !== undefined) return [found];
    }
    if (preset !== undefined) {
      const net = fitNet(presets.load(preset).config.net, file.tensors);
      return [candidate(file, preset, net, this.#describe(net, file.path))];
    }
    const all = presets.list().flatMap(({ name, config }) => {
      const net = fitNet(config.net, file.tensors);
      try {
        return [candidate(file, name, net, this.#describe(net, file.path))];
      } catch {
        return []; // no net of this form has layers of these widths
      }
    });
    // What the numbers of modules say of the operations between layers that have no weights; then the net as it was
    // published before the same form in other widths.
    const rank = (one: Candidate) => (isNumberedAs(file, one.net) ? 0 : 2) + (this.#isPublished(one) ? 0 : 1);
    return all.sort((a, b) => rank(a) - rank(b));
  }

  /** Against the preset's: what its layers have in common. */
  #widths(one: Candidate): Widths {
    if (this.#isPublished(one)) return 1;
    const { layers } = this.#parts.presets.load(one.preset).config.net;
    return commonFactor(
      one.net.layers.flatMap(({ width }) => (typeof width === 'number' ? [width] : [])),
      layers.flatMap(({ width }) => (typeof width === 'number' ? [width] : [])),
    );
  }

  /** Whether its layers are as wide as the preset's. */
  #isPublished({ preset, net }: Pick<Candidate, 'preset' | 'net'>): boolean {
    const { layers } = this.#parts.presets.load(preset).config.net;
    return (
      net.layers.length === layers.length && net.layers.every(({ width }, i) => width === layers[i]?.width)
    );
  }

  /** The net that the file describes, by the name of the preset that is like it. */
  #ofChain(file: ModelFile): Candidate | undefined {
    const { net, names, notes } = netOfChain(file.chain ?? [], file.tensors);
    // Without padding the first convolution was made for 227 pixels: rounding up, 224 would fit as well.
    const usual = net.layers[0]?.padding === 0 ? [...sizes].reverse() : sizes;
    const tried = [...(file.inputSize === undefined ? [] : [file.inputSize]), ...usual];
    let best: Candidate | undefined;
    for (const inputSize of tried) {
      try {
        const sized = { ...net, inputSize };
        const description = describeNet(this.#parts.addon(), sized);
        const one = candidate(file, this.#presetLike(sized, file), sized, description, names, notes);
        if (best === undefined || problems(one) < problems(best)) best = one;
      } catch {
        // pictures of this size are too small or too large for the net
      }
    }
    return best;
  }

  #presetLike(net: NetConfig, file: ModelFile): string {
    if (file.format === 'caffe') return 'caffenet';
    const order = (one: NetConfig) =>
      one.layers.map(({ then }) => then.filter((op) => op !== 'dropout').join()).join(' ');
    const alike = this.#parts.presets
      .list()
      .filter(
        ({ config }) => config.net.columns === net.columns && config.net.layers.length === net.layers.length,
      );
    const found = alike.find(
      ({ config }) => order(config.net) === order(net) && (config.net.lrn === null) === (net.lrn === null),
    );
    return (found ?? alike[0])?.name ?? defaultPreset;
  }

  /** Widths that no net of this form can have are the file's fault. */
  #describe(net: NetConfig, file: string): NetDescription {
    try {
      return describeNet(this.#parts.addon(), net);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new AppError('INVALID_MODEL', `${file} does not fit the preset's net: ${reason}`, { path: file });
    }
  }

  #preprocessing(
    net: NetConfig,
    corrections: ImportCorrections,
    own: ModelDescription | undefined,
    source: Source,
  ) {
    const { mean, std, scale, meanFile } = corrections;
    const given = [mean, std, scale, meanFile].some((one) => one !== undefined);
    if (own !== undefined && !given) {
      const { preprocessing } = own.model;
      const scaling = toScaling(preprocessing);
      return { preprocessing, meanImage: own.meanImage, scaling, from: 'file' as const };
    }
    const scaling = {
      scale: scale ?? source.scale,
      mean: mean ?? source.mean,
      std: std ?? source.std,
    };
    const from = given ? ('you' as const) : ('source' as const);
    const coloured = toPreprocessing(scaling, net.inputSize);
    if (meanFile === undefined) return { preprocessing: coloured, meanImage: undefined, scaling, from };
    const bytes = new FileBytes(meanFile);
    try {
      const { meanRgb: _meanRgb, ...rest } = coloured;
      return {
        preprocessing: { ...rest, mean: 'image' as const },
        meanImage: readCaffeMean(bytes),
        scaling,
        from,
      };
    } finally {
      bytes.close();
    }
  }

  #labels(
    classes: number,
    { labels }: ImportCorrections,
    own: ModelDescription | undefined,
  ): { names: string[]; from: Recognition['labels']['from'] } {
    if (labels !== undefined) return { names: readLabels(labels, classes), from: 'you' };
    if (own !== undefined) return { names: own.model.labels, from: 'file' };
    if (classes === 1000) return { names: this.#parts.classNames.imagenet(), from: 'imagenet' };
    return { names: placeholderNames(classes), from: 'none' };
  }

  #tensors(file: ModelFile, { description, names }: Candidate, channels: 'rgb' | 'bgr'): TensorSource {
    const records = new Map(file.records.map((record) => [record.name, record]));
    const first = description.layers[0]?.name ?? '';
    const seen = netTensors(description).flatMap(({ name, shape }): TensorRecord[] => {
      const record = records.get(names.get(name) ?? name);
      if (record === undefined) return [];
      const flat = isFlattened(record.shape, shape) ? reshaped(record, shape) : record;
      const coloured = channels === 'bgr' && name === `${first}.weight` ? reversed(flat, 1) : flat;
      return [{ ...coloured, name }];
    });
    return new RecordedTensors(file.path, seen);
  }
}

/** Whether the file's modules have the numbers of that net's operations, as torchvision's have. */
function isNumberedAs(file: ModelFile, net: NetConfig): boolean {
  const modules = sequentialModules(net.layers);
  const names = new Set(file.tensors.map(({ name }) => name));
  return modules.every((module) => names.has(`${module}.weight`));
}

/** Where nothing fits: what the modules' numbers say, or the net with the fewest problems. */
function closest(file: ModelFile, candidates: readonly Candidate[]): Candidate | undefined {
  const numbered = candidates.filter(({ net }) => isNumberedAs(file, net));
  return [...(numbered.length > 0 ? numbered : candidates)].sort((a, b) => problems(a) - problems(b))[0];
}

function unfollowed({ chainProblem }: ModelFile): string[] {
  if (chainProblem === undefined) return [];
  return [`The form of the net is guessed from the shapes of its tensors, since ${chainProblem}.`];
}

function problems({ fits }: Candidate): number {
  return fits.filter(({ problem }) => problem !== '').length;
}

/** A product's weights kept as those of a convolution over all of its maps: the same values in the same order. */
function isFlattened(found: readonly number[], wanted: readonly number[]): boolean {
  return (
    found.length > wanted.length &&
    wanted.length === 2 &&
    found[0] === wanted[0] &&
    valueCount(found) === valueCount(wanted)
  );
}

function candidate(
  file: ModelFile,
  preset: string,
  net: NetConfig,
  description: NetDescription,
  given?: ReadonlyMap<string, string>,
  notes: string[] = [],
): Candidate {
  const layers = description.layers.map(({ name }) => name);
  const names = given ?? tensorNames(layers, file.tensors) ?? new Map<string, string>();
  return { preset, net, description, names, fits: compare(description, file.tensors, names), notes };
}

/** Tensor by tensor: what the net wants, what the file has. */
function compare(
  description: NetDescription,
  tensors: readonly TensorInfo[],
  names: ReadonlyMap<string, string>,
): TensorFit[] {
  const wanted = netTensors(description);
  const found = new Map(tensors.map(({ name, shape }) => [name, shape]));
  const ours = new Map([...names].map(([name, theirs]) => [theirs, name]));
  const shapes = new Map(wanted.map(({ name, shape }) => [name, shape]));
  const renamed = tensors.map(({ name, shape }) => {
    const known = ours.get(name) ?? name;
    const goal = shapes.get(known);
    return { name: known, shape: goal !== undefined && isFlattened(shape, goal) ? goal : shape };
  });
  const misfits = new Map(findMisfits(wanted, renamed).map(({ tensor, reason }) => [tensor, reason]));
  const rows = wanted.map(({ name, shape }): TensorFit => {
    const inFile = names.get(name) ?? name;
    const there = found.get(inFile) ?? null;
    const problem = misfits.get(name) ?? '';
    misfits.delete(name);
    return { tensor: name, wanted: shape, inFile: there === null ? null : inFile, found: there, problem };
  });
  const extra = [...misfits].map(([name, problem]): TensorFit => {
    return { tensor: name, wanted: null, inFile: name, found: found.get(name) ?? null, problem };
  });
  return [...rows, ...extra];
}
