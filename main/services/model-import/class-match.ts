// Which of a model's classes the folders of labelled photos are: by the class's name, or by its WordNet id.

export interface MatchedFolder {
  folder: string;
  /** The model's class. */
  label: number;
}

export interface UnmatchedFolder {
  folder: string;
  why: string;
}

/** A model's errors on images of classes that it may know. */
export interface ErrorsOnMatched {
  /** Images of matched classes that could be read: what the errors are of. */
  images: number;
  top1Error: number;
  top5Error: number;
  /** Of the model's classes: those that images are of. */
  matchedClasses: number;
  classes: number;
  unmatched: UnmatchedFolder[];
}

/** What tells classes apart when people write them: case, and what stands between words, do not. */
function plain(name: string): string {
  return name
    .normalize('NFC')
    .toLowerCase()
    .replace(/[\s_-]+/gu, ' ')
    .trim();
}

/**
 * `labels`: the model's classes in their order. `nameOf`: a class's name by its WordNet id, or what it was given.
 * `ids`: WordNet ids in the order of the 1,000 classes that are named by them. Several folders may be one class.
 */
export function matchFolders(
  folders: readonly string[],
  labels: readonly string[],
  { nameOf, ids }: { nameOf: (folder: string) => string; ids: readonly string[] },
): { matched: MatchedFolder[]; unmatched: UnmatchedFolder[] } {
  const byName = new Map<string, number[]>();
  labels.forEach((label, i) => {
    const name = plain(label);
    byName.set(name, [...(byName.get(name) ?? []), i]);
  });
  // Names differ from source to source, and two of the thousand may share one; in their order, ids tell them apart.
  const inOrder =
    labels.length === ids.length ? ids.filter((id, i) => plain(labels[i] ?? '') === plain(nameOf(id))) : [];
  const byId = 2 * inOrder.length > labels.length;
  const matched: MatchedFolder[] = [];
  const unmatched: UnmatchedFolder[] = [];
  for (const folder of folders) {
    const place = byId ? ids.indexOf(folder) : -1;
    const found =
      place >= 0 ? [place] : (byName.get(plain(folder)) ?? byName.get(plain(nameOf(folder))) ?? []);
    const [label] = found;
    if (label === undefined) unmatched.push({ folder, why: 'no class of the model is called so' });
    else if (found.length > 1) {
      unmatched.push({ folder, why: `${found.length} classes of the model are called so` });
    } else matched.push({ folder, label });
  }
  return { matched, unmatched };
}
