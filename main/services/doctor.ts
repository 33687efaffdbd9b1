// The doctor: looks at a run's numbers and says what it sees, by which numbers, and what to do.
import type { Finding } from '../api/operations/runs.ts';
import type { Curve, Run, Validation } from '../api/runs.ts';

export interface Patient {
  run: Run;
  /** The last steps, some hundred points. */
  curve: Curve;
  classes: number;
  columns: number;
  devices: readonly string[];
  learningRate: number;
}

/** A loss this near to ln(classes) is that of guessing. */
const chanceBand = 0.02;
/** Steps after which a net that learns has left chance. */
const stepsToLeaveChance = 200;
const fewSteps = 20;
const mostWaiting = 0.2;
const mostExchange = 0.25;
/** Epochs without a better validation. */
const patience = 5;

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

/** What is worst comes first; a run that nothing ails is said to be well. */
export function diagnose(patient: Patient): Finding[] {
  const { run } = patient;
  const findings = [
    notFinite(patient),
    stuckAtChance(patient),
    rateTooHigh(patient),
    starved(patient),
    overfitting(patient),
    stalled(patient),
    slowExchange(patient),
  ].filter((finding) => finding !== undefined);
  if (findings.length > 0) {
    const order = { bad: 0, warning: 1, notice: 2, good: 3 };
    return findings.sort((a, b) => order[a.severity] - order[b.severity]);
  }
  if (run.step < fewSteps) {
    return [
      {
        code: 'tooEarly',
        severity: 'notice',
        title: 'Too early to say',
        evidence: `${run.step} steps are done.`,
        advice: `Look again after ${fewSteps} steps.`,
      },
    ];
  }
  return [
    {
      code: 'healthy',
      severity: 'good',
      title: 'Nothing wrong',
      evidence: `After ${run.step} steps the loss is ${run.loss?.toFixed(3) ?? 'unknown'}; guessing would be ${Math.log(patient.classes).toFixed(3)}.`,
      advice: 'Let it train.',
    },
  ];
}

function notFinite({ run, curve, learningRate }: Patient): Finding | undefined {
  const broken = run.state === 'diverged' || (run.step > 0 && run.loss === null);
  if (!broken) return undefined;
  const last = curve.points.findLast((point) => point.loss !== null);
  return {
    code: 'notFinite',
    severity: 'bad',
    title: 'The loss is not a number any more',
    evidence:
      last === undefined
        ? `No step had a finite loss; the learning rate was ${learningRate}.`
        : `The last finite loss was ${last.loss?.toFixed(3)}, around step ${last.lastStep}, at learning rate ${last.learningRate}.`,
    advice: 'Resume from the last checkpoint with a tenth of the learning rate, or start anew with it.',
  };
}

function recent({ curve, run }: Patient, steps: number) {
  return curve.points.filter((point) => point.lastStep > run.step - steps);
}

function stuckAtChance(patient: Patient): Finding | undefined {
  const { run, classes } = patient;
  if (run.step < stepsToLeaveChance || classes < 2) return undefined;
  const losses = recent(patient, stepsToLeaveChance).flatMap(({ loss }) => (loss === null ? [] : [loss]));
  if (losses.length === 0) return undefined;
  const loss = mean(losses);
  const chance = Math.log(classes);
  if (Math.abs(loss - chance) > chanceBand * chance) return undefined;
  return {
    code: 'stuckAtChance',
    severity: 'bad',
    title: 'It only guesses',
    evidence: `The loss of the last ${stepsToLeaveChance} steps is ${loss.toFixed(3)}; ln ${classes} = ${chance.toFixed(3)} is that of guessing among ${classes} classes.`,
    advice:
      'The signal dies on its way through the layers: take the preset alexnet or initialisation he, biases of 1 where the paper has them, or another learning rate.',
  };
}

function rateTooHigh(patient: Patient): Finding | undefined {
  const { run, classes } = patient;
  if (run.step < fewSteps || run.loss === null) return undefined;
  const losses = recent(patient, 100).flatMap(({ loss }) => (loss === null ? [] : [loss]));
  if (losses.length === 0) return undefined;
  const loss = mean(losses);
  const chance = Math.log(classes);
  if (loss < 1.5 * chance) return undefined;
  return {
    code: 'rateTooHigh',
    severity: 'warning',
    title: 'Worse than guessing',
    evidence: `The loss of the last steps is ${loss.toFixed(3)}, guessing would be ${chance.toFixed(3)}.`,
    advice: 'The steps are too large: set a third of the learning rate now, and go on if the loss falls.',
  };
}

function starved(patient: Patient): Finding | undefined {
  const points = recent(patient, 200);
  if (patient.run.step < fewSteps || points.length === 0) return undefined;
  const share = mean(points.map((point) => point.dataWaitShare));
  if (share < mostWaiting) return undefined;
  return {
    code: 'starvedForData',
    severity: share > 0.5 ? 'bad' : 'warning',
    title: 'It waits for data',
    evidence: `${percent(share)} of the time of the last steps went into waiting for the loader.`,
    advice:
      'Keep the data set on a faster disk or in memory, give training fewer threads and so the loader more, or close what else reads from that disk.',
  };
}

function overfitting({ curve }: Patient): Finding | undefined {
  const { validations, best } = curve;
  const last = validations.at(-1);
  if (last === undefined || best === null || validations.length < 3) return undefined;
  const gap = last.top1Error - last.trainTop1Error;
  const rising =
    last.loss !== null &&
    lowestLoss(validations) !== null &&
    last.loss > 1.1 * (lowestLoss(validations) ?? 0);
  if (gap < 0.1 || !rising) return undefined;
  return {
    code: 'overfitting',
    severity: 'warning',
    title: 'It learns the training images by heart',
    evidence: `Validation loss ${last.loss?.toFixed(3)} is above its lowest, ${lowestLoss(validations)?.toFixed(3)}; top-1 error is ${percent(last.trainTop1Error)} in training and ${percent(last.top1Error)} in validation. The best epoch was ${best.epoch}.`,
    advice:
      'More images, random crops, mirror and colour noise, more dropout or weight decay help; the best checkpoint is kept.',
  };
}

function lowestLoss(validations: readonly Validation[]): number | null {
  return validations.reduce<number | null>(
    (least, { loss }) => (loss !== null && (least === null || loss < least) ? loss : least),
    null,
  );
}

function stalled({ curve, learningRate, run }: Patient): Finding | undefined {
  const { validations, best } = curve;
  const last = validations.at(-1);
  if (last === undefined || best === null || last.epoch - best.epoch < patience) return undefined;
  if (run.state === 'finished' || run.state === 'stopped') return undefined;
  return {
    code: 'stalled',
    severity: 'notice',
    title: 'Validation does not get better',
    evidence: `The best top-1 error, ${percent(best.top1Error)}, is of epoch ${best.epoch}; since then ${last.epoch - best.epoch} epochs were no better, at learning rate ${learningRate}.`,
    advice: 'Divide the learning rate by ten, as the paper did, or stop: the best checkpoint is kept.',
  };
}

function slowExchange(patient: Patient): Finding | undefined {
  const points = recent(patient, 200);
  if (patient.columns < 2 || patient.devices.length < 2 || points.length === 0) return undefined;
  const share = mean(points.map((point) => point.exchangeShare));
  if (share < mostExchange) return undefined;
  return {
    code: 'slowExchange',
    severity: 'notice',
    title: 'The columns wait for each other',
    evidence: `${percent(share)} of the time of the last steps went into the exchange between ${patient.devices.join(' and ')}.`,
    advice: 'Use devices that reach each other’s memory, a larger batch, or one device for both columns.',
  };
}
