// The presets of resources/presets, and complete run configurations made from them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { applySettings } from '../api/config-path.ts';
import { AppError } from '../api/errors.ts';
import { closest } from '../api/nearest.ts';
import { parseRunConfig, parseWith } from '../api/parse.ts';
import {
  type NetConfig,
  type Parallelism,
  type Precision,
  type Preset,
  presetSchema,
  type RunConfig,
} from '../api/run-config.ts';

export const defaultPreset = 'alexnet';

/** What a user says about a run; everything else comes from the preset. */
export interface ConfigRequest {
  preset?: string;
  /** Instead of the preset's; its classes are the data set's all the same. */
  net?: NetConfig;
  /** `path=value`, applied last. */
  settings?: readonly string[];
  epochs?: number;
  steps?: number;
  batchSize?: number;
  devices?: readonly string[];
  parallelism?: Parallelism;
  precision?: Precision;
  threads?: number;
  seed?: number;
}

export class Presets {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The default first, the others by name. */
  names(): string[] {
    const names = readdirSync(this.#folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => file.slice(0, -'.json'.length))
      .sort();
    return [
      ...names.filter((name) => name === defaultPreset),
      ...names.filter((name) => name !== defaultPreset),
    ];
  }

  list(): Preset[] {
    return this.names().map((name) => this.load(name));
  }

  /** Throws INVALID_CONFIG where there is no such preset. */
  load(name: string): Preset {
    const names = this.names();
    if (!names.includes(name)) {
      const meant = closest(name, names);
      const hint = meant === undefined ? '' : `did you mean ${meant}? `;
      throw new AppError(
        'INVALID_CONFIG',
        `there is no preset '${name}'; ${hint}${hint === '' ? 'there' : 'There'} are: ${names.join(', ')}`,
        { field: 'preset', choices: names },
      );
    }
    const content: unknown = JSON.parse(readFileSync(join(this.#folder, `${name}.json`), 'utf8'));
    return parseWith(presetSchema, content, `preset ${name}`, 'INTERNAL');
  }

  /**
   * A complete run configuration for a data set of `classes` classes. Throws INVALID_CONFIG and
   * INVALID_SPEC, naming the field.
   */
  configure(request: ConfigRequest, classes: number): RunConfig {
    const preset = this.load(request.preset ?? defaultPreset);
    const { epochs, steps, ...rest } = preset.config;
    const length =
      request.steps !== undefined
        ? { steps: request.steps }
        : request.epochs !== undefined
          ? { epochs: request.epochs }
          : { ...(epochs === undefined ? {} : { epochs }), ...(steps === undefined ? {} : { steps }) };
    const optioned = parseRunConfig({
      ...rest,
      ...length,
      net: { ...(request.net ?? rest.net), classes },
      optimiser: { ...rest.optimiser, batchSize: request.batchSize ?? rest.optimiser.batchSize },
      devices: request.devices ?? rest.devices,
      parallelism: request.parallelism ?? rest.parallelism,
      precision: request.precision ?? rest.precision,
      threads: request.threads ?? rest.threads,
      seed: request.seed ?? rest.seed,
    });
    const config = applySettings(optioned, request.settings ?? []);
    if (config.preset !== optioned.preset) {
      throw new AppError(
        'INVALID_CONFIG',
        `preset names what the run began with; to begin with another one choose the preset ${config.preset} itself`,
        { field: 'preset' },
      );
    }
    if (config.net.classes !== classes) {
      throw new AppError(
        'INVALID_CONFIG',
        `net.classes is ${config.net.classes}, but the data set has ${classes} classes; leave net.classes out`,
        { field: 'net.classes' },
      );
    }
    return config;
  }
}
