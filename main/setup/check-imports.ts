// All import rules over the whole checkout.
import { findCycles } from './import-cycles.ts';
import { checkImports, type Violation } from './import-rules.ts';
import { checkIncludes } from './include-rules.ts';
import { nativePattern, readSources, scriptPattern } from './source-files.ts';

export function checkAllImports(): { files: number; violations: Violation[] } {
  const scripts = readSources(scriptPattern);
  const natives = readSources(nativePattern, 'native');
  const imports = checkImports(scripts);
  const includes = checkIncludes(natives);
  const cycles = [...findCycles(imports.edges), ...findCycles(includes.edges)];
  return {
    files: scripts.length + natives.length,
    violations: [...imports.violations, ...includes.violations, ...cycles],
  };
}
