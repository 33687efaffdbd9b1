// Layers that do not learn from the first step on, as actions of the configuration.
import type { ActionConfig, RunConfig } from '../../../../main/api/run-config.ts';

const freezesNow = (action: ActionConfig) => action.kind === 'freeze' && action.epoch === 1;

export function freezesFromStart({ optimiser }: RunConfig): Set<string> {
  return new Set(
    optimiser.actions.flatMap((action) =>
      action.kind === 'freeze' && freezesNow(action) ? [action.layer] : [],
    ),
  );
}

export function withFrozen(actions: readonly ActionConfig[], layer: string, on: boolean): ActionConfig[] {
  const others = actions.filter(
    (action) => !(action.kind === 'freeze' && freezesNow(action) && action.layer === layer),
  );
  return on ? [{ epoch: 1, kind: 'freeze', layer }, ...others] : others;
}
