// The columns of classified files, in a folder's results and in the history.
import type { FolderResult } from '../../../../main/api/operations/classify.ts';
import type { NamedPrediction } from '../../../../main/api/predictions.ts';
import type { Column } from '../../components/table-types.ts';
import { percent, when } from '../../logic/format.ts';

export function answersOf(result: Pick<FolderResult, 'answers'>): readonly NamedPrediction[] {
  return Array.isArray(result.answers) ? result.answers : [];
}

export function errorOf(result: Pick<FolderResult, 'answers'>): string {
  return Array.isArray(result.answers) ? '' : result.answers.error.message;
}

/** 'cat 61 %, dog 20 %' */
export function otherAnswers(result: Pick<FolderResult, 'answers'>): string {
  return answersOf(result)
    .slice(1)
    .map(({ name, probability }) => `${name} ${percent(probability, 0)}`)
    .join(', ');
}

const shared: Column<FolderResult>[] = [
  { key: 'image', title: '', width: '58px' },
  { key: 'name', title: 'File', width: 'minmax(160px, 1fr)', text: ({ name }) => name },
  { key: 'answer', title: 'Answer', width: 'minmax(160px, 1fr)' },
  {
    key: 'probability',
    title: 'Probability',
    width: '110px',
    align: 'right',
    text: (one) => percent(answersOf(one)[0]?.probability),
  },
  {
    key: 'others',
    title: 'Then',
    width: 'minmax(200px, 1.6fr)',
    text: (one) => errorOf(one) || otherAnswers(one),
  },
];

export const folderColumns: readonly Column<FolderResult>[] = shared;
export const historyColumns: readonly Column<FolderResult>[] = [
  ...shared,
  {
    key: 'model',
    title: 'Model',
    width: 'minmax(120px, 0.8fr)',
    dispensable: 1,
    text: ({ model }) => model,
  },
  {
    key: 'createdAt',
    title: 'Time',
    width: '156px',
    align: 'right',
    text: ({ createdAt }) => when(createdAt),
  },
];
