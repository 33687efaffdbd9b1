// Finds files that import each other in a circle.
import type { Edge, Violation } from './import-rules.ts';

/** One violation a cycle, at the import that closes it. */
export function findCycles(edges: Edge[]): Violation[] {
  const byFile = new Map<string, Edge[]>();
  for (const edge of edges) byFile.set(edge.from, [...(byFile.get(edge.from) ?? []), edge]);
  const violations: Violation[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    if (done.has(path)) return;
    trail.push(path);
    for (const { to, line } of byFile.get(path) ?? []) {
      const start = trail.indexOf(to);
      if (start === -1) visit(to);
      else {
        const message = `imports form a cycle: ${[...trail.slice(start), to].join(' -> ')}`;
        violations.push({ path, line, message });
      }
    }
    trail.pop();
    done.add(path);
  };
  for (const path of byFile.keys()) visit(path);
  return violations;
}
