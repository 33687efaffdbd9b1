// The fake engine as a module that load-addon.ts loads in place of the .node file, in this process and in its
// engine hosts alike: ALEXNET_STUDIO_ADDON names this file, ALEXNET_STUDIO_FAKE holds its options as JSON.
import type { NetDescription } from '../../api/net-description.ts';
import { createFakeAddon, type FakeOptions } from '../../engine/fake-addon.ts';
import { fakeParameters } from '../../engine/fake-trainer.ts';

const fake = createFakeAddon(JSON.parse(process.env.ALEXNET_STUDIO_FAKE ?? '{}') as Partial<FakeOptions>);

/** The fake's one net, whatever is asked for. */
export function describeNet(): string {
  const layers = fakeParameters
    .filter(({ name }) => name.endsWith('.weight'))
    .map(({ name, shape }) => ({
      name: name.replace('.weight', ''),
      kind: shape.length === 4 ? ('conv' as const) : ('fc' as const),
      input: [3, 5, 5] as [number, number, number],
      linear: [shape[0] ?? 0, 1, 1] as [number, number, number],
      output: [shape[0] ?? 0, 1, 1] as [number, number, number],
      groups: 1,
      gathers: false,
      parameters: shape.reduce((a, b) => a * b, 1) + (shape[0] ?? 0),
      multiplyAdds: 0,
      exchangeBytes: 0,
      weightShape: shape,
      ops: [],
    }));
  const description: NetDescription = {
    columns: 1,
    inputSize: 5,
    classes: 3,
    parameters: layers.reduce((sum, layer) => sum + layer.parameters, 0),
    units: 0,
    multiplyAdds: 0,
    trainingFlops: 0,
    parameterBytes: 0,
    activationBytes: 0,
    exchangeBytes: 0,
    layers,
  };
  return JSON.stringify(description);
}

export const {
  version,
  checkConfig,
  listDevices,
  readGpuLoads,
  supportedFormats,
  loadSquare,
  readImageInfo,
  decodeImage,
  encodeJpeg,
  drawCrops,
  testCrops,
  writePack,
  openPack,
  createCancelFlag,
  createTrainer,
  createPredictor,
  createAnswerSums,
  openFeatureIndex,
} = fake;
