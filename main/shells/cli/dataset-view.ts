// What adding a data set looks like: progress with the time left, skipped files by reason, the sums.
import type { DatasetEvent, SkippedFile } from '../../api/datasets.ts';
import { bytes, count, duration, percent, plural, printable, rate } from './format.ts';
import type { Output } from './output.ts';
import { RemainingTime } from './progress.ts';

/** Skipped files that are named one by one; `dataset show` has them all. */
const skippedShown = 20;

export function datasetView(output: Output, now: () => number): (event: DatasetEvent) => void {
  const skippedFiles: SkippedFile[] = [];
  let remaining = new RemainingTime(now);
  let split = '';
  let skipped = 0;
  return (event) => {
    switch (event.event) {
      case 'dataset':
        if (event.resumed && !output.json) output.note(`continuing data set ${printable(event.name)}`);
        break;
      case 'progress': {
        if (event.split !== split) {
          split = event.split;
          remaining = new RemainingTime(now);
        }
        const left = remaining.update(event.done, event.total);
        output.status(() => {
          const what = event.split === 'train' ? 'training' : 'validation';
          const share = event.total === 0 ? 1 : event.done / event.total;
          return (
            `packing ${what} photos  ${count(event.done)}/${count(event.total)}  ${percent(share)}  ` +
            `${rate(event.imagesPerSecond)} images/s${left === undefined ? '' : `  ${duration(left)} left`}`
          );
        });
        break;
      }
      case 'skipped':
        skipped++;
        if (output.json) {
          const { split: of, path, code, message } = event;
          skippedFiles.push({ split: of, path, code, message });
          break;
        }
        if (skipped <= skippedShown) {
          output.note(`skipped ${event.split}/${printable(event.path)}: ${printable(event.message)}`);
        } else if (skipped === skippedShown + 1) {
          output.note('more were skipped; dataset show lists them all');
        }
        break;
      case 'done': {
        output.clearStatus();
        const { dataset, found, packed } = event;
        output.emit({ ...dataset, found, packed, skipped: event.skipped, skippedFiles });
        output.print(
          `${printable(dataset.name)}: ${plural(dataset.classes, 'class', 'classes')}, ` +
            `${plural(dataset.trainImages, 'training image')}, ${plural(dataset.valImages, 'validation image')}, ` +
            bytes(dataset.sizeBytes),
        );
        output.print(
          `found ${count(event.found)} = packed ${count(event.packed)} + skipped ${count(event.skipped)}`,
        );
        break;
      }
    }
  };
}
