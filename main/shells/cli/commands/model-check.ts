// model check: measures a model and compares with what its source published.
import { resolve } from 'node:path';
import { AppError } from '../../../api/errors.ts';
import { claimSchema } from '../../../api/models.ts';
import type { UnmatchedFolder } from '../../../services/model-import/class-match.ts';
import { compareWithClaim, type Measured } from '../../../services/model-import/self-check.ts';
import { type Arguments, usageError } from '../arguments.ts';
import type { Command, Context } from '../command.ts';
import { count, percent, plural, printable } from '../format.ts';

const unmatchedShown = 20;

/** As people write errors: 43.48 and 0.4348 are the same. */
function share(value: number): number {
  return value > 1 ? value / 100 : value;
}

export const modelCheck: Command = {
  words: ['model', 'check'],
  summary: "Compares a model's errors with those that were published",
  positionals: 'MODEL',
  positionalCount: [1, 1],
  options: {
    folder: {
      value: 'DIR',
      help: 'labelled photos: a folder a class, called as the class or by its WordNet id',
    },
    dataset: { value: 'N', help: 'instead: a data set whose classes are called so' },
    split: { value: 'val|train', help: 'which part of it (default: val)' },
    'claimed-top1': {
      value: 'X',
      help: 'published top-1 error, 43.48 or 0.4348 (default: what is known of its source)',
    },
    'claimed-top5': { value: 'X', help: 'published top-5 error' },
  },
  notes: [
    'Folder and data set may have some of the classes, in any order, or others as well: what the model does not know is left out and told.',
    'A data set of exactly its classes is kept as an evaluation. If not one is called so, but there are as many, they are taken in their order.',
    'Fails where the errors differ by more than chance, a choice of classes and other ways to resize explain.',
  ],
  async run(context, args) {
    const { output, studio } = context;
    const name = args.positional(0);
    const top1 = args.number('claimed-top1', 0, 100);
    const top5 = args.number('claimed-top5', 0, 100);
    const known = claimSchema.safeParse(
      studio()
        .models.list()
        .find((model) => model.name === name)?.source.claim,
    );
    const claim =
      top1 === undefined
        ? known.data
        : { top1Error: share(top1), top5Error: top5 === undefined ? null : share(top5) };
    if (claim === undefined) {
      throw new AppError(
        'INVALID_ARGUMENT',
        `nothing was published for ${name} that is known here; give --claimed-top1`,
      );
    }
    const folder = args.text('folder');
    const found = await (folder === undefined
      ? onDataset(context, args, name)
      : onFolder(context, name, resolve(folder)));
    output.clearStatus();
    if (folder === undefined) tellLeftOut(context, found, 'class', 'data set');
    else tellLeftOut(context, found, 'folder', 'folder');
    const result = compareWithClaim(found, claim);
    output.emit({ model: name, ...found, ...result });
    output.print(
      `${printable(name)} on ${count(result.images)} photos: top-1 error ${percent(result.top1Error)}, top-5 ${percent(result.top5Error)}`,
    );
    output.print(
      `published: ${percent(result.claimedTop1Error)}${result.claimedTop5Error === null ? '' : `, ${percent(result.claimedTop5Error)}`}; ` +
        `${result.agrees ? 'they agree' : 'they differ'} (within ${percent(result.allowance)})`,
    );
    if (result.agrees) return;
    output.print(result.advice);
    return 'failed';
  },
};

/** What was measured, and what was left out; what else is to be told. */
type Found = Measured & {
  matchedClasses: number;
  classes: number;
  unmatched: UnmatchedFolder[];
  evaluation?: string | null;
  unreadable?: number;
};

async function onDataset(
  { output, signal, studio }: Context,
  args: Arguments,
  model: string,
): Promise<Found> {
  const dataset = args.text('dataset');
  if (dataset === undefined) throw usageError('--folder or --dataset is missing');
  const split = args.choice('split', ['val', 'train']) ?? 'val';
  return await studio().datasetChecker.check(
    { model, dataset, split },
    (done, total) => output.status(() => `checking  ${count(done)}/${count(total)}`),
    signal,
  );
}

async function onFolder({ output, signal, studio }: Context, model: string, folder: string): Promise<Found> {
  return await studio().folderChecker.check(
    model,
    folder,
    (done) => output.status(() => `checking  ${count(done)} photos`),
    signal,
  );
}

function tellLeftOut({ output }: Context, found: Found, kind: 'folder' | 'class', place: string): void {
  const { matchedClasses, classes, unmatched, unreadable = 0 } = found;
  for (const { folder: name, why } of unmatched.slice(0, unmatchedShown))
    output.note(`${kind} ${printable(name)} is left out: ${why}`);
  const more = unmatched.length - unmatchedShown;
  if (more > 0)
    output.note(`and ${plural(more, `more ${kind}`, `more ${kind === 'class' ? 'classes' : 'folders'}`)}`);
  if (unreadable > 0) output.note(`${plural(unreadable, 'photo')} cannot be read and are left out`);
  if (matchedClasses < classes)
    output.print(`${count(matchedClasses)} of its ${count(classes)} classes are in the ${place}`);
}
