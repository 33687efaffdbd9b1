// Which layers of a run are frozen, from what was applied to it so far.
import type { RunConfig } from '../../../../main/api/run-config.ts';
import type { RunEvent } from '../../../../main/api/runs.ts';

export function frozenLayers(config: Pick<RunConfig, 'net'>, events: readonly RunEvent[]): Set<string> {
  const known = new Set(config.net.layers.map(({ name }) => name));
  const frozen = new Set<string>();
  for (const { kind, payload } of events) {
    const { command, layer } = payload;
    if (kind !== 'command' || typeof layer !== 'string' || !known.has(layer)) continue;
    if (command === 'freeze') frozen.add(layer);
    if (command === 'unfreeze') frozen.delete(layer);
  }
  return frozen;
}
