// The columns of the table of runs, of which the user chooses.
import type { RunSort } from '../../../../main/api/operations/runs.ts';
import type { Run } from '../../../../main/api/runs.ts';
import type { Column } from '../../components/table-types.ts';
import { count, duration, loss, percent, when } from '../../logic/format.ts';

export interface RunColumn extends Column<Run> {
  /** Always there. */
  fixed?: boolean;
  initially?: boolean;
}

const sortable: ReadonlySet<string> = new Set<RunSort>([
  'createdAt',
  'name',
  'state',
  'datasetName',
  'preset',
  'step',
  'loss',
  'bestTop1Error',
  'parameters',
  'startedAt',
  'endedAt',
]);

function trained({ startedAt, endedAt }: Run): string {
  return startedAt === null || endedAt === null ? '–' : duration(endedAt - startedAt);
}

const all: RunColumn[] = [
  { key: 'starred', title: '', width: '34px', fixed: true },
  { key: 'name', title: 'Name', width: 'minmax(142px, 2.2fr)', fixed: true },
  { key: 'state', title: 'State', width: '104px', initially: true },
  { key: 'progress', title: 'Progress', width: '90px', initially: true },
  {
    key: 'datasetName',
    title: 'Data set',
    width: 'minmax(84px, 1fr)',
    text: (run) => run.datasetName,
    initially: true,
  },
  {
    key: 'preset',
    title: 'Preset',
    width: 'minmax(96px, 0.6fr)',
    text: (run) => run.preset,
    initially: true,
  },
  { key: 'step', title: 'Steps', width: '84px', align: 'right', text: (run) => count(run.step) },
  { key: 'epoch', title: 'Epoch', width: '70px', align: 'right', text: (run) => count(run.epoch) },
  {
    key: 'loss',
    title: 'Loss',
    width: '74px',
    align: 'right',
    text: (run) => loss(run.loss),
    initially: true,
  },
  {
    key: 'bestTop1Error',
    title: 'Best top-1 error',
    width: '142px',
    align: 'right',
    text: (run) => percent(run.bestTop1Error),
    hint: 'Lowest top-1 error on the validation split',
    initially: true,
  },
  {
    key: 'bestEpoch',
    title: 'Best epoch',
    width: '92px',
    align: 'right',
    text: (run) => count(run.bestEpoch),
  },
  {
    key: 'parameters',
    title: 'Parameters',
    width: '104px',
    align: 'right',
    text: (run) => count(run.parameters),
  },
  { key: 'tags', title: 'Tags', width: 'minmax(70px, 1fr)', initially: true },
  { key: 'notes', title: 'Notes', width: 'minmax(120px, 1.4fr)', text: (run) => run.notes },
  {
    key: 'init',
    title: 'Started from',
    width: 'minmax(100px, 1fr)',
    text: (run) => run.init || 'drawn weights',
  },
  { key: 'trained', title: 'Took', width: '96px', align: 'right', text: trained },
  {
    key: 'createdAt',
    title: 'Created',
    width: '140px',
    align: 'right',
    text: (run) => when(run.createdAt),
    initially: true,
  },
  { key: 'startedAt', title: 'Started', width: '156px', align: 'right', text: (run) => when(run.startedAt) },
  { key: 'endedAt', title: 'Ended', width: '156px', align: 'right', text: (run) => when(run.endedAt) },
];

export const runColumns: readonly RunColumn[] = all.map((column) => ({
  ...column,
  sortable: sortable.has(column.key),
}));

export const initialColumns: string[] = runColumns.filter(({ initially }) => initially).map(({ key }) => key);

export function isRunSort(key: string): key is RunSort {
  return sortable.has(key);
}
