// The settings in which presets differ, with each preset's reason.
import type { Preset } from '../../../../main/api/run-config.ts';
import { flattenConfig } from '../../logic/flatten-config.ts';

export interface DifferingSetting {
  path: string;
  /** One a preset; undefined where its configuration has no such field. */
  values: (string | undefined)[];
  notes: { preset: string; reason: string; source: string }[];
}

/** Names of presets and what only organises a run are left out. */
const aside = /^(preset|seed|threads|precision|devices|parallelism|checkpoints)\b/;

export function differingSettings(presets: readonly Preset[]): DifferingSetting[] {
  const lines = presets.map(
    ({ config }) => new Map(flattenConfig(config).map(({ path, text }) => [path, text])),
  );
  const paths = [...new Set(lines.flatMap((line) => [...line.keys()]))].filter((path) => !aside.test(path));
  const told = new Set<string>();
  return paths
    .map((path) => ({ path, values: lines.map((line) => line.get(path)) }))
    .filter(({ values }) => values.some((value) => value !== values[0]))
    .map(({ path, values }) => ({
      path,
      values,
      notes: presets.flatMap(({ title, notes }) =>
        notes
          // A note about a whole object explains its fields; it is told once.
          .filter(({ field }) => field === path || path.startsWith(`${field}.`))
          .filter(({ field }) => !told.has(`${title} ${field}`) && told.add(`${title} ${field}`))
          .map(({ reason, source }) => ({ preset: title, reason, source })),
      ),
    }));
}
