// The rows of the ledger: what the paper claims, each as two recipes for a run and what is compared between them.
// The quoted numbers are those of resources/reference/alexnet-2012.json.
import type { Claim, ClaimId, Quoted } from '../../api/ledger.ts';
import type { Reference, ReferenceAblation } from '../../api/reference.ts';
import * as recipes from './recipes.ts';

export interface Recipe {
  /** Rows that name the same one share its runs. */
  id: string;
  title: string;
  change: recipes.Change;
}

export interface ClaimDefinition extends Omit<Claim, 'paper' | 'author' | 'baselineTitle' | 'variantTitle'> {
  baseline: Recipe;
  variant: Recipe;
  /** The entry of the reference's ablations that it is quoted from. */
  quotes: string | null;
}

const recipe = (id: string, title: string, change: recipes.Change): Recipe => ({ id, title, change });

const baseline = recipe('baseline', 'the baseline', recipes.unchanged);
const bare = recipe('bare-relu', 'ReLU, no regularisation', recipes.unregularised);
const bareWith = (kind: 'tanh' | 'sigmoid') =>
  recipe(
    `bare-${kind}`,
    `${kind}, no regularisation`,
    recipes.chain(recipes.unregularised, recipes.activation(kind)),
  );

type PaperRow = Partial<ClaimDefinition> & { id: ClaimId; title: string; change: string; variant: Recipe };

const paperRow = (row: PaperRow): ClaimDefinition => ({
  group: 'paper',
  measure: 'error',
  crops: 10,
  expected: 'worse',
  note: '',
  baseline,
  quotes: row.id,
  ...row,
});

const sameRate =
  'Both nets learn at the same rate here; the paper chose each net’s rate for itself, on CIFAR-10 with four layers.';

/** One difference between text and code, everything else as the plan's preset has it. */
const codeRow = (
  id: ClaimId,
  title: string,
  paper: [title: string, change: recipes.Change],
  code: [title: string, change: recipes.Change],
  note = '',
): ClaimDefinition => ({
  id,
  group: 'code',
  title,
  change: `${paper[0]}, then ${code[0]}`,
  measure: 'error',
  crops: 10,
  expected: 'open',
  note,
  baseline: recipe(`${id}-paper`, `paper: ${paper[0]}`, paper[1]),
  variant: recipe(`${id}-code`, `code: ${code[0]}`, code[1]),
  quotes: null,
});

export const claimDefinitions: readonly ClaimDefinition[] = [
  paperRow({
    id: 'two-columns',
    title: 'Two columns',
    change: 'one column, half the kernels in conv1 to conv4',
    variant: recipe('one-column', 'one column', recipes.oneColumn),
    note: 'The paper measured on the 2010 test set. Both nets have about as many parameters, since conv5 and the fully connected layers keep their width.',
  }),
  paperRow({
    id: 'lrn',
    title: 'Response normalisation',
    change: 'no normalisation',
    variant: recipe('no-lrn', 'no normalisation', recipes.noNormalisation),
    note: 'The author’s run left out the code’s norm inside each map as well.',
  }),
  paperRow({
    id: 'overlap',
    title: 'Overlapping pooling',
    change: 'windows of 2x2 instead of 3x3, stride 2',
    variant: recipe('no-overlap', 'pooling 2x2', recipes.noOverlap),
    note: 'The author’s comparison is impure: conv2’s padding was 1 and conv5’s 0 as well, so that the maps kept their sizes. With a preset that rounds sizes down (alexnet, paper-2012) the pooling alone changes here; with code-2012 the paddings change too.',
  }),
  paperRow({
    id: 'traffic',
    title: 'Traffic between the columns',
    change: 'columns meet in the classifier alone',
    variant: recipe('no-traffic', 'no traffic', recipes.noTraffic),
    note: 'Unpublished. conv2 and fc6 are wider, so that both nets have about as many parameters.',
  }),
  paperRow({
    id: 'colour-noise',
    title: 'Colour noise',
    change: 'no colour noise',
    variant: recipe('no-colour-noise', 'no colour noise', recipes.noColourNoise),
    note: 'The paper says “over 1 %” of top-1 error and names no run.',
  }),
  paperRow({
    id: 'crop-mirror',
    title: 'Random crop and mirror',
    change: 'centre crops, not mirrored',
    variant: recipe('centre-crops', 'centre crops', recipes.centreCrops),
    expected: 'worse',
    note: 'The paper gives no number: without them the net “suffers from substantial overfitting”.',
  }),
  paperRow({
    id: 'dropout',
    title: 'Dropout',
    change: 'no dropout in fc6 and fc7',
    variant: recipe('no-dropout', 'no dropout', recipes.noDropout),
    note: 'The paper gives no number: without it “substantial overfitting”; dropout about doubles the steps until it converges, so that in a short run it may cost more than it gains.',
  }),
  paperRow({
    id: 'middle-layer',
    title: 'Depth',
    change: 'conv4 left out',
    variant: recipe('no-conv4', 'without conv4', recipes.noConv4),
    note: 'The paper says that any middle layer left out costs about 2 % of top-1 error, and not which.',
  }),
  paperRow({
    id: 'relu-tanh',
    title: 'ReLU, not tanh',
    change: 'tanh, without any regularisation',
    measure: 'epochs',
    crops: 1,
    baseline: bare,
    variant: bareWith('tanh'),
    note: sameRate,
  }),
  paperRow({
    id: 'relu-sigmoid',
    title: 'ReLU, not sigmoid',
    change: 'sigmoid, without any regularisation',
    measure: 'epochs',
    crops: 1,
    baseline: bare,
    variant: bareWith('sigmoid'),
    quotes: null,
    note: 'The paper compares with tanh alone; saturating functions in general are said to be slower.',
  }),
  paperRow({
    id: 'batch-256',
    title: 'Batch of 256',
    change: 'batch and rate doubled',
    crops: 1,
    expected: 'equal',
    variant: recipe('double-batch', 'batch and rate doubled', recipes.doubleBatch),
    note: 'The plan’s batch size and rate are doubled, whatever they are.',
  }),
  paperRow({
    id: 'ten-crops',
    title: 'Ten crops',
    change: 'the centre crop alone',
    measure: 'crops',
    variant: recipe('baseline', 'one crop', recipes.unchanged),
    note: 'The same runs, evaluated twice.',
  }),
  paperRow({
    id: 'five-nets',
    title: 'Five nets',
    change: 'one net instead of the average of all seeds’ nets',
    measure: 'ensemble',
    variant: recipe('baseline', 'one net', recipes.unchanged),
    note: 'As many nets are averaged as the plan has seeds; the paper’s five.',
  }),
  codeRow(
    'code-padding',
    '224 or 227',
    ['two zeros on every side', recipes.padBothSides],
    ['three zeros at right and bottom', recipes.padAtTheEnd],
  ),
  codeRow(
    'code-lrn-alpha',
    'LRN’s alpha',
    ['alpha as it is', recipes.lrnAlpha(false)],
    ['alpha divided by n', recipes.lrnAlpha(true)],
  ),
  codeRow(
    'code-layer-order',
    'Order in layer 1',
    ['ReLU, norm, pool', recipes.conv1Order(['activation', 'lrn', 'pool'])],
    ['norm, pool, ReLU', recipes.conv1Order(['lrn', 'pool', 'activation'])],
  ),
  codeRow(
    'code-spatial-norm',
    'A norm inside each map',
    ['none', recipes.noSpatialNorm],
    ['5x5 after layer 2', recipes.withSpatialNorm],
  ),
  codeRow(
    'code-init',
    'Initial weights',
    ['sigma 0.01 everywhere', recipes.gaussianInit(0.01)],
    ['sigma 0.03 in conv3 to conv5', recipes.gaussianInit(0.03)],
    'On both sides the paper’s biases of 1.',
  ),
  codeRow(
    'code-biases',
    'Rate of the biases',
    ['the weights’ rate', recipes.biasRates(1, true)],
    ['twice the rate, never lowered', recipes.biasRates(2, false)],
  ),
  codeRow(
    'code-end-game',
    'End-game',
    ['none', recipes.noEndGame],
    ['noise off, conv1 frozen', recipes.endGame],
    'At epochs 67 and 72 of 90, scaled to the plan’s length.',
  ),
  codeRow(
    'code-gain',
    'Input divided by 1.1',
    ['no', recipes.unchanged],
    ['yes', recipes.inputDividedBy(1.1)],
  ),
  codeRow(
    'code-mean',
    'Mean image',
    ['moves with the crop', recipes.meanFollowsCrop(true)],
    ['its centre for every crop', recipes.meanFollowsCrop(false)],
  ),
];

export function definitionOf(id: ClaimId): ClaimDefinition {
  const found = claimDefinitions.find((one) => one.id === id);
  if (found === undefined) throw new Error(`the ledger has no row ${id}`);
  return found;
}

/** Rows as they are shown, with what the reference says. */
export function claims(reference: Reference): Claim[] {
  return claimDefinitions.map(({ baseline: without, variant, quotes, ...claim }) => {
    const entry = reference.ablations.find(({ id }) => id === quotes);
    return {
      ...claim,
      baselineTitle: without.title,
      variantTitle: variant.title,
      paper: entry === undefined ? null : paperQuote(entry),
      author: entry === undefined ? null : authorQuote(entry),
    };
  });
}

/** Of points with at most two decimals. */
const fraction = (points: number | null) => (points === null ? null : Math.round(points * 100) / 10_000);

function paperQuote({ paper, measuredOn }: ReferenceAblation): Quoted | null {
  if (paper === null) return null;
  const { top1, top5, ratio, qualifier, source } = paper;
  return { top1: fraction(top1), top5: fraction(top5), ratio, qualifier, source, measuredOn };
}

/** The difference of the logged errors, which have two decimals. */
function authorQuote({ author, measuredOn }: ReferenceAblation): Quoted | null {
  if (author === null) return null;
  const { variant, baseline: without, source } = author;
  return {
    top1: fraction(variant.top1 - without.top1),
    top5: fraction(variant.top5 - without.top5),
    ratio: null,
    qualifier: 'exact',
    source,
    measuredOn,
  };
}
