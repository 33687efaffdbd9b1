// What to call what is in a folder.

const splits = ['train', 'training', 'val', 'valid', 'validation', 'test', 'testing'];

/** The folder's name, or of a data set's split that of the folder above. Empty where there is none. */
export function folderTitle(path: string): string {
  const parts = path.split('/').filter((part) => part !== '');
  const last = parts.at(-1) ?? '';
  return splits.includes(last.toLowerCase()) ? (parts.at(-2) ?? last) : last;
}
