// What the engine says of a net, as values.
import { type NetDescription, netDescriptionSchema } from '../api/net-description.ts';
import { parseWith } from '../api/parse.ts';
import type { NetConfig } from '../api/run-config.ts';
import type { Addon } from '../engine/addon.ts';

/** Shapes, parameters, cost of one image; memory and exchange of a batch. Throws INVALID_SPEC. */
export function describeNet(addon: Addon, net: NetConfig, batch = 1): NetDescription {
  const json: unknown = JSON.parse(addon.describeNet(JSON.stringify(net), batch));
  return parseWith(netDescriptionSchema, json, "the engine's description of the net", 'INTERNAL');
}
