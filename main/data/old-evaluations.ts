// Evaluations from before their answers had a table of their own: moved there when one is first opened.
import { countCalibration } from '../api/calibration.ts';
import type { Evaluation, EvaluationSummary } from '../api/evaluation.ts';
import { type Answers, answersKept, emptyAnswers, encodeBlocks } from '../api/evaluation-answers.ts';
import { finiteOrNull } from '../api/numbers.ts';
import type { OldEvaluationSummary } from '../api/old-evaluation.ts';
import type { ReadableDatabase, WritableDatabase } from './database.ts';
import { getDataset } from './datasets.ts';
import { insertAnswers } from './evaluation-answers.ts';
import { listImages } from './images.ts';

const imagesAtOnce = 10_000;

/** The labels of a split as it was evaluated; -1 each where it is gone or was packed anew. */
function labelsOf(db: ReadableDatabase, { datasetId, split, images, createdAt }: Evaluation): Int32Array {
  const unknown = () => new Int32Array(images).fill(-1);
  const dataset = datasetId === null ? undefined : getDataset(db, datasetId);
  if (dataset === undefined || dataset.updatedAt > createdAt) return unknown();
  const labels = unknown();
  let found = 0;
  while (found < images) {
    const page = { datasetId: dataset.id, split, afterRecord: found - 1, limit: imagesAtOnce };
    const rows = listImages(db, page);
    if (rows.length === 0) return unknown();
    for (const { label } of rows) labels[found++] = label;
  }
  return labels;
}

function toAnswers(old: OldEvaluationSummary, labels: Int32Array): Answers {
  const answers = emptyAnswers(old.images);
  answers.labels.set(labels);
  answers.trueProbability.set(old.trueProbability.slice(0, old.images));
  for (let image = 0; image < old.images; image++) {
    for (let rank = 0; rank < answersKept; rank++) {
      const place = image * answersKept + rank;
      answers.top5[place] = old.top5[image]?.[rank] ?? -1;
      answers.top5Probability[place] = old.top5Probability[image]?.[rank] ?? 0;
    }
  }
  return answers;
}

/** Its summary as it is now; what was read is stored in the new way. */
export function convertOldEvaluation(
  db: WritableDatabase,
  evaluation: Evaluation,
  old: OldEvaluationSummary,
): EvaluationSummary {
  const { top5: _, top5Probability: __, trueProbability: ___, ...counts } = old;
  const answers = toAnswers(old, labelsOf(db, evaluation));
  const summary: EvaluationSummary = {
    ...counts,
    top1Interval: null,
    top5Interval: null,
    calibration: countCalibration(answers),
  };
  db.transaction(() => {
    insertAnswers(db, evaluation.id, encodeBlocks(answers));
    db.run('evaluations.convert', 'UPDATE evaluation_summaries SET summary = ? WHERE evaluation_id = ?', [
      JSON.stringify({ ...summary, loss: finiteOrNull(summary.loss) }),
      evaluation.id,
    ]);
  });
  return summary;
}
