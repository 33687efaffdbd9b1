// The configuration as it is being made: loaded from a preset or a run, changed field by field, checked by the studio
// as it is typed.
import { computed, ref, shallowRef, watch } from 'vue';
import type { ConfigCheck } from '../../../../main/api/operations/config.ts';
import type { RunConfig } from '../../../../main/api/run-config.ts';
import { useClient } from '../../client/client.ts';
import { useLoad } from '../../client/use-load.ts';
import { useDebounced } from '../../composables/use-debounced.ts';
import { getAt, sameValue, setAt } from '../../logic/paths.ts';
import { initialValues } from './settings-list.ts';

export function useDraft(datasetId: () => string) {
  const client = useClient();
  /** What is typed; fields may hold what no configuration can. */
  const draft = shallowRef<RunConfig>();
  /** What it began as, to show what was changed. */
  const base = shallowRef<RunConfig>();
  const preset = ref('alexnet');

  const presets = useLoad((signal) => client.config.presets(undefined, { signal }));
  const paper = computed(() => presets.data.value?.find(({ name }) => name === 'paper-2012')?.config);
  const notes = computed(() => presets.data.value?.find(({ name }) => name === preset.value)?.notes ?? []);

  async function startFrom(name: string): Promise<void> {
    preset.value = name;
    const id = datasetId();
    const config = await client.config.fromPreset({ preset: name, ...(id === '' ? {} : { datasetId: id }) });
    base.value = config;
    draft.value = config;
  }

  function startFromConfig(config: RunConfig): void {
    preset.value = config.preset;
    base.value = config;
    draft.value = config;
  }

  /** The model's net, and what is usual for its preset. */
  async function startFromModel(model: string): Promise<void> {
    const id = datasetId();
    startFromConfig(await client.config.fromModel({ model, ...(id === '' ? {} : { datasetId: id }) }));
  }

  function set(path: string, value: unknown): void {
    const config = draft.value;
    if (config === undefined) return;
    const whole = initialValues[`${path}=${String(value)}`];
    const parent = path.endsWith('.kind') ? path.slice(0, -'.kind'.length) : path;
    draft.value = whole === undefined ? setAt(config, path, value) : setAt(config, parent, whole);
  }

  function reset(path: string): void {
    if (draft.value !== undefined) draft.value = setAt(draft.value, path, getAt(base.value, path));
  }

  const changed = (path: string) => !sameValue(getAt(draft.value, path), getAt(base.value, path));

  const settled = useDebounced(draft, 250);
  const check = useLoad<ConfigCheck | null>(
    async (signal) => {
      if (settled.value === undefined) return null;
      const id = datasetId();
      const about = id === '' ? {} : { datasetId: id };
      return await client.config.check({ config: settled.value, ...about }, { signal });
    },
    { sources: [settled, datasetId], keep: true },
  );
  const problems = computed(() => check.data.value?.problems ?? []);
  const problemAt = (path: string) =>
    problems.value.find(({ field }) => field === path || field.startsWith(`${path}.`))?.message;
  /** The check is of what is typed now. */
  const checked = computed(() => settled.value === draft.value && !check.loading.value);

  watch(
    () => [datasetId(), base.value?.net.classes] as const,
    ([id]) => {
      if (id !== '' && draft.value !== undefined) void followClasses(id);
    },
  );

  /** The classifier has as many outputs as the data set has classes. */
  async function followClasses(id: string): Promise<void> {
    const { classes } = await client.datasets.show({ id });
    if (draft.value !== undefined && draft.value.net.classes !== classes && classes > 0) {
      draft.value = setAt(draft.value, 'net.classes', classes);
      if (base.value !== undefined) base.value = setAt(base.value, 'net.classes', classes);
    }
  }

  return {
    draft,
    base,
    preset,
    presets,
    paper,
    notes,
    startFrom,
    startFromConfig,
    startFromModel,
    set,
    reset,
    changed,
    check,
    checked,
    problems,
    problemAt,
  };
}

export type Draft = ReturnType<typeof useDraft>;
