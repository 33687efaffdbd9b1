// Whether what was measured here can stand beside the paper's numbers as an equal, and why not.
import type { Dataset } from '../../api/datasets.ts';
import type { Comparability, LedgerSettings } from '../../api/ledger.ts';

const imagenetClasses = 1000;
/** The paper's 1.2 million, less what some copies lack. */
const imagenetImages = 1_200_000;

const thousands = (value: number) => value.toLocaleString('en-US');

/** `folders`: the data set's class folders, WordNet ids in a copy of ImageNet. `epochs`: the preset's. */
export function comparability(
  dataset: Pick<Dataset, 'name' | 'classes' | 'trainImages'>,
  folders: readonly string[],
  settings: LedgerSettings,
  epochs: number,
): Comparability {
  const { name, classes, trainImages } = dataset;
  const imagenet =
    classes === imagenetClasses &&
    trainImages >= imagenetImages &&
    folders.every((folder) => /^n\d{8}$/.test(folder));
  const { widthFactor, epochs: planned } = settings.scale;
  const smaller = [
    ...(widthFactor === 1 ? [] : [`nets of ${widthFactor} times the width`]),
    ...(planned >= 0.8 * epochs ? [] : [`${planned} instead of ${epochs} epochs`]),
  ];
  if (!imagenet) {
    const what = `${name} is not ImageNet: ${classes} classes and ${thousands(trainImages)} training images instead of ${thousands(imagenetClasses)} and 1.2 million`;
    const scale = smaller.length === 0 ? '' : `, ${smaller.join(', ')}`;
    return {
      comparable: false,
      why: `${what}${scale}. Verdicts speak of the direction of an effect only; its size has no counterpart in the paper.`,
    };
  }
  if (smaller.length > 0) {
    return {
      comparable: false,
      why: `${name} is ImageNet, but the plan is smaller than the paper’s training: ${smaller.join(', ')}. Verdicts speak of the direction of an effect only.`,
    };
  }
  return { comparable: true, why: `${name} is ImageNet at the paper’s scale: sizes are compared as well.` };
}
