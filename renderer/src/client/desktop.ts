// What the desktop window offers beyond a browser: the system's dialogs, and the paths of dropped files.
import { type Desktop, desktopName } from '../../../main/api/desktop.ts';

/** Undefined in a browser. */
export function desktopOf(page: Window = window): Desktop | undefined {
  const offered: unknown = Reflect.get(page, desktopName);
  return isDesktop(offered) ? offered : undefined;
}

function isDesktop(value: unknown): value is Desktop {
  return typeof value === 'object' && value !== null && 'pick' in value && 'pathOf' in value;
}
