// The images of an evaluation: which of them belong to a question, in which order, and a page of them with their answers.
import { binOf } from '../api/calibration.ts';
import type { Dataset } from '../api/datasets.ts';
import { AppError } from '../api/errors.ts';
import type { Evaluation } from '../api/evaluation.ts';
import { type Answers, answersKept, isRight } from '../api/evaluation-answers.ts';
import { imageUrls } from '../api/image-urls.ts';
import type { EvaluatedImage, EvaluatedImages } from '../api/operations/evaluations.ts';
import type { Page } from '../api/paging.ts';
import type { NamedPrediction } from '../api/predictions.ts';
import type { ReadableDatabase } from '../data/database.ts';
import { getDataset } from '../data/datasets.ts';
import { getImage, listImages } from '../data/images.ts';

export type ImagesOf =
  | { kind: 'confident' | 'hardest' }
  | { kind: 'class'; label: number }
  | { kind: 'cell'; true: number; answered: number }
  | { kind: 'bin'; bin: number };

/** The data set whose images were evaluated, as it was then; undefined where it is gone or was packed anew. */
export function shownDataset(db: ReadableDatabase, evaluation: Evaluation): Dataset | undefined {
  const { datasetId, split, images, createdAt } = evaluation;
  const dataset = datasetId === null ? undefined : getDataset(db, datasetId);
  if (dataset === undefined || dataset.updatedAt > createdAt) return undefined;
  const count = split === 'train' ? dataset.trainImages : dataset.valImages;
  return count === images ? dataset : undefined;
}

/** Throws NOT_FOUND where its images cannot be shown. */
export function shownOrThrow(
  db: ReadableDatabase,
  evaluation: Evaluation,
): Evaluation & { datasetId: string } {
  const dataset = shownDataset(db, evaluation);
  if (dataset !== undefined) return { ...evaluation, datasetId: dataset.id };
  throw new AppError(
    'NOT_FOUND',
    `the images of ${evaluation.datasetName} are not there any more: the data set was removed or packed anew`,
    { evaluation: evaluation.id },
  );
}

const rowsAtOnce = 10_000;

/** Every image's path in pack order; nothing where the data set is gone or was packed anew. */
export function* splitPaths(db: ReadableDatabase, evaluation: Evaluation): Generator<string> {
  const dataset = shownDataset(db, evaluation);
  if (dataset === undefined) return;
  for (let done = 0; done < evaluation.images; ) {
    const page = { datasetId: dataset.id, split: evaluation.split, afterRecord: done - 1, limit: rowsAtOnce };
    const rows = listImages(db, page);
    if (rows.length === 0) return;
    done += rows.length;
    for (const { path } of rows) yield path;
  }
}

const mostExact = 2 ** 21;
const bitsOf = new Uint32Array(1);
const floatOf = new Float32Array(bitsOf.buffer);

/** Records by their probability, equal ones by their place. Sorts a million in a tenth of a second: a probability's bits
 * order as it does, and bits and record fit one exact number, which needs no comparing function. */
export function sortRecords(
  records: Int32Array,
  key: (record: number) => number,
  descending: boolean,
): Int32Array {
  if (records.some((record) => record >= mostExact)) {
    const way = descending ? -1 : 1;
    return records.sort((a, b) => (key(a) - key(b)) * way || a - b);
  }
  const keys = new Float64Array(records.length);
  records.forEach((record, place) => {
    floatOf[0] = key(record);
    const bits = bitsOf[0] ?? 0;
    keys[place] = (descending ? 0xffffffff - bits : bits) * mostExact + record;
  });
  keys.sort();
  return Int32Array.from(keys, (value) => value % mostExact);
}

/** Lists of records that are kept, the last used ones. */
const mostLists = 4;

/** The answers of an evaluation that is looked at. */
export class OpenImages {
  readonly answers: Answers;
  readonly #lists = new Map<string, Int32Array>();

  constructor(answers: Answers) {
    this.answers = answers;
  }

  page(
    db: ReadableDatabase,
    evaluation: Evaluation & { datasetId: string },
    names: readonly string[],
    of: ImagesOf,
    page: Page,
  ): EvaluatedImages {
    const records = this.select(of);
    const shown = records.subarray(page.offset, page.offset + page.limit);
    return {
      total: records.length,
      images: Array.from(shown, (record) => evaluatedImage(db, evaluation, this.answers, names, record)),
    };
  }

  /** Records in the order in which they are shown. */
  select(of: ImagesOf): Int32Array {
    const name = JSON.stringify(of);
    const list = this.#lists.get(name) ?? this.#find(of);
    this.#lists.delete(name);
    this.#lists.set(name, list);
    for (const oldest of this.#lists.keys()) {
      if (this.#lists.size <= mostLists) break;
      this.#lists.delete(oldest);
    }
    return list;
  }

  #find(of: ImagesOf): Int32Array {
    const { images, labels, top5, top5Probability, trueProbability } = this.answers;
    const surety = (record: number) => top5Probability[record * answersKept] ?? 0;
    const truth = (record: number) => trueProbability[record] ?? 0;
    const all = Int32Array.from({ length: images }, (_, record) => record);
    switch (of.kind) {
      case 'confident':
        return sortRecords(
          all.filter((record) => !isRight(this.answers, record)),
          surety,
          true,
        );
      case 'hardest':
        return sortRecords(all, truth, false);
      case 'class':
        return sortRecords(
          all.filter((record) => labels[record] === of.label),
          truth,
          false,
        );
      case 'cell':
        return sortRecords(
          all.filter((record) => labels[record] === of.true && top5[record * answersKept] === of.answered),
          surety,
          true,
        );
      case 'bin':
        return sortRecords(
          all.filter((record) => binOf(surety(record)) === of.bin),
          surety,
          true,
        );
    }
  }
}

export function namedAnswers(answers: Answers, names: readonly string[], record: number): NamedPrediction[] {
  return Array.from({ length: answersKept }, (_, rank) => record * answersKept + rank).flatMap((place) => {
    const answer = answers.top5[place] ?? -1;
    if (answer < 0) return [];
    const probability = answers.top5Probability[place] ?? 0;
    return [{ class: answer, name: names[answer] ?? `class ${answer}`, probability }];
  });
}

export function evaluatedImage(
  db: ReadableDatabase,
  { datasetId, split }: Evaluation & { datasetId: string },
  answers: Answers,
  names: readonly string[],
  record: number,
): EvaluatedImage {
  const stored = getImage(db, datasetId, split, record);
  const label = answers.labels[record] ?? stored?.label ?? 0;
  return {
    record,
    label,
    className: names[label] ?? `class ${label}`,
    path: stored?.path ?? '',
    answers: namedAnswers(answers, names, record),
    trueProbability: answers.trueProbability[record] ?? 0,
    image: imageUrls.record(datasetId, split, record),
  };
}
