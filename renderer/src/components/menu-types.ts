// What an action-menu offers.
import type { IconName } from './icon-shapes.ts';

export interface MenuAction {
  label: string;
  icon?: IconName;
  danger?: boolean;
  disabled?: boolean;
  /** A line above it. */
  separated?: boolean;
  checked?: boolean;
  run: () => void;
}
