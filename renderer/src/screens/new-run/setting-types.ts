// What the screen of a new run knows of a setting.
import type { RunConfig } from '../../../../main/api/run-config.ts';

export type SettingKind = 'number' | 'choice' | 'switch' | 'numbers';

export interface Setting {
  path: string;
  label: string;
  explanation: string;
  kind: SettingKind;
  options?: readonly { value: string | number; label: string }[];
  /** Only where the configuration makes it mean something. */
  shown?: (config: RunConfig) => boolean;
  /** May be left empty. */
  optional?: boolean;
  /** The paper does not speak of it. */
  own?: boolean;
}

export interface SettingGroup {
  id: string;
  title: string;
  explanation: string;
  settings: readonly Setting[];
}
