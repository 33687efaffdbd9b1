// model check: measures a model and compares with what its source published.
import { AppError } from '../../../api/errors.ts';
import { claimSchema } from '../../../api/models.ts';
import { compareWithClaim } from '../../../services/model-import/self-check.ts';
import type { Command } from '../command.ts';
import { count, percent, printable } from '../format.ts';

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
    dataset: { value: 'N', help: 'labelled photos of the same classes, in the same order', required: true },
    split: { value: 'val|train', help: 'which part of it (default: val)' },
    'claimed-top1': {
      value: 'X',
      help: 'published top-1 error, 43.48 or 0.4348 (default: what is known of its source)',
    },
    'claimed-top5': { value: 'X', help: 'published top-5 error' },
  },
  notes: ['Fails where they differ by more than chance and other ways to resize explain.'],
  async run({ output, signal, studio }, args) {
    const name = args.positional(0);
    const split = args.choice('split', ['val', 'train']) ?? 'val';
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
    const request = {
      models: [name],
      dataset: args.required('dataset'),
      split,
      crops: 1,
      ties: 'first',
    } as const;
    const measured = await studio().evaluation.evaluate(
      request,
      (done, total) => output.status(() => `checking  ${count(done)}/${count(total)}`),
      signal,
    );
    output.clearStatus();
    const result = compareWithClaim(measured, claim);
    output.emit({ model: name, evaluation: measured.id, ...result });
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
