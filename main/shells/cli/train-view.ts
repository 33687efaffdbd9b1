// What training looks like: one updating line with the time left, a line an epoch, the end.
import type { RunProgress } from '../../api/runs.ts';
import { bytes, count, duration, loss, percent, plural, printable, rate } from './format.ts';
import type { Output } from './output.ts';
import { RemainingTime } from './progress.ts';

export function trainView(output: Output, now: () => number): (event: RunProgress) => void {
  const remaining = new RemainingTime(now);
  let stepsPerEpoch = 0;
  let totalSteps = 0;
  let best = Number.POSITIVE_INFINITY;
  return (event) => {
    output.emit(event);
    if (output.json && event.event !== 'step') return;
    switch (event.event) {
      case 'run':
        ({ stepsPerEpoch, totalSteps } = event);
        output.print(
          `run ${event.id} (${printable(event.name)}): ${event.preset} on ${printable(event.dataset)}, ` +
            `${plural(event.parameters, 'parameter')}, ${plural(totalSteps, 'step')} of ` +
            `${count(stepsPerEpoch)} an epoch${event.fromStep > 0 ? `, from step ${count(event.fromStep)}` : ''}`,
        );
        break;
      case 'step': {
        const left = remaining.update(event.step, totalSteps);
        output.status(() => {
          const epochs = stepsPerEpoch > 0 ? `/${Math.ceil(totalSteps / stepsPerEpoch)}` : '';
          const parts = [
            `epoch ${event.epoch}${epochs}`,
            `step ${count(event.step)}${totalSteps > 0 ? `/${count(totalSteps)}` : ''}`,
            `loss ${loss(event.loss)}`,
            `top-1 error ${percent(event.top1Error)}`,
            `${rate(event.imagesPerSecond)} images/s`,
          ];
          if (left !== undefined) parts.push(`${duration(left)} left`);
          return parts.join('  ');
        });
        break;
      }
      case 'validation': {
        const isBest = event.top1Error < best;
        best = Math.min(best, event.top1Error);
        output.print(
          `epoch ${String(event.epoch).padStart(3)}  training loss ${loss(event.trainLoss).padStart(6)} ` +
            `top-1 error ${percent(event.trainTop1Error).padStart(7)}   validation loss ` +
            `${loss(event.loss).padStart(6)} top-1 error ${percent(event.top1Error).padStart(7)} ` +
            `top-5 error ${percent(event.top5Error).padStart(7)}${isBest ? '  best' : ''}`,
        );
        break;
      }
      case 'command': {
        const value = event.value === undefined ? '' : ` ${event.value}`;
        const layer = event.layer === undefined ? '' : ` ${event.layer}`;
        output.print(
          `step ${count(event.step)}: ${event.command}${layer}${value}${event.steered ? '' : ' (schedule)'}`,
        );
        break;
      }
      case 'notice':
        output.note(printable(event.message));
        break;
      case 'checkpoint':
        if (event.reason !== 'epoch') {
          output.note(`checkpoint at step ${count(event.step)} (${event.reason}), ${bytes(event.sizeBytes)}`);
        }
        break;
      case 'done':
        output.clearStatus();
        output.print(
          `${event.state} at step ${count(event.step)}${event.reason === '' ? '' : `: ${printable(event.reason)}`}` +
            (event.bestTop1Error === null ? '' : `; best top-1 error ${percent(event.bestTop1Error)}`),
        );
        break;
    }
  };
}
