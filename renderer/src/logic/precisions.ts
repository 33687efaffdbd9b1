// Which precisions a run can choose, and what a faster one is worth, in words.
import type { DeviceReport } from '../../../main/api/net-description.ts';
import type { FasterPrecision } from '../../../main/api/operations/config.ts';
import { rate } from './format.ts';

/** Those that every one of the devices computes in; undefined: nobody knows of one. */
export function sharedPrecisions(
  devices: readonly string[],
  known: readonly DeviceReport[],
): string[] | undefined {
  const lists = devices.map((id) => known.find((device) => device.id === id)?.precisions);
  const [first, ...others] = lists;
  if (first === undefined || others.includes(undefined)) return undefined;
  return first.filter((precision) => others.every((list) => list?.includes(precision)));
}

/** What the faster precision reaches beside the chosen one's `imagesPerSecond`, null where that was not measured. */
export function gainText(faster: FasterPrecision, imagesPerSecond: number | null): string {
  const { precision, instructions, imagesPerSecond: there } = faster;
  const has =
    instructions.length === 0
      ? `${precision} is the fastest on a GPU`
      : `This processor has instructions for ${precision} (${instructions.join(', ')})`;
  if (there === null)
    return instructions.length === 0 ? `${has}.` : `${has}: it usually trains about twice as fast.`;
  const here = imagesPerSecond === null ? '' : `, ${rate(imagesPerSecond)} in fp32`;
  return `${has}. Measured here: ${rate(there)} images a second in ${precision}${here}.`;
}
