import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ClassNames } from '../class-names.ts';
import { matchFolders } from './class-match.ts';

const names = new ClassNames(fileURLToPath(new URL('../../../resources/class-names', import.meta.url)));
const match = (folders: string[], labels: string[]) =>
  matchFolders(folders, labels, { nameOf: (folder) => names.of(folder), ids: names.ids() });

describe('folders of a model', () => {
  it('are its classes by name, whatever the case and what is between words', () => {
    const labels = ['Great white shark', 'tench', 'hen'];
    expect(match(['TENCH', 'great_white_shark', 'n01514859', 'owl'], labels)).toEqual({
      matched: [
        { folder: 'TENCH', label: 1 },
        { folder: 'great_white_shark', label: 0 },
        { folder: 'n01514859', label: 2 },
      ],
      unmatched: [{ folder: 'owl', why: 'no class of the model is called so' }],
    });
    // A model whose classes are called by their ids.
    expect(match(['n01440764'], ['n01514859', 'n01440764']).matched).toEqual([
      { folder: 'n01440764', label: 1 },
    ]);
  });

  it('of one name are told apart by their ids, and not guessed without', () => {
    const labels = names.imagenet().map((name) => name.replace(/^crane \(.*\)$/, 'crane'));
    const cranes = labels.flatMap((label, i) => (label === 'crane' ? [i] : []));
    expect(cranes).toHaveLength(2);
    const ids = cranes.map((i) => names.ids()[i] ?? '');
    expect(match([...ids, 'crane'], labels)).toEqual({
      matched: ids.map((folder, i) => ({ folder, label: cranes[i] })),
      unmatched: [{ folder: 'crane', why: '2 classes of the model are called so' }],
    });
  });
});
