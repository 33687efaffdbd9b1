// What to call what is in a folder.
import { trainFolderNames, valFolderNames } from '../../../main/api/datasets.ts';

const splits = [...trainFolderNames, ...valFolderNames];

/** The folder's name, or of a data set's split that of the folder above. Empty where there is none. */
export function folderTitle(path: string): string {
  const parts = path.split('/').filter((part) => part !== '');
  const last = parts.at(-1) ?? '';
  return splits.includes(last.toLowerCase()) ? (parts.at(-2) ?? last) : last;
}
