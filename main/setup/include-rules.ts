// Checks the #include lines of the native part against import-table.ts.
import { posix } from 'node:path';
import { type Edge, type SourceText, type Violation, zoneOf } from './import-rules.ts';
import { libraryHeaders, nativeZones } from './import-table.ts';

const testsFolder = 'native/tests';

interface Include {
  line: number;
  header: string;
}

function readIncludes(text: string): Include[] {
  const found: Include[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const header = /^\s*#\s*include\s*[<"]([^>"]+)[>"]/.exec(line)?.[1];
    if (header !== undefined) found.push({ line: index + 1, header });
  }
  return found;
}

/** The folder a library belongs to: "cpu" of native/src/cpu, of native/tests/cpu and of native/addon "addon". */
function folderOf(path: string): string {
  return /^native\/(?:src\/|tests\/)?([^/]+)/.exec(path)?.[1] ?? '';
}

/** What a file may include: its zone's list; tests see what they test, the reference and the tests' own helpers. */
function allowedZones(path: string): { zone: string; allowed: string[] } | undefined {
  if (path.startsWith(`${testsFolder}/`)) {
    const tested = `native/src/${folderOf(path)}`;
    const below = nativeZones[tested] ?? ['native/include', 'native/src'];
    return { zone: testsFolder, allowed: [tested, ...below, 'native/src/spec', 'native/src/reference'] };
  }
  const zone = zoneOf(path, Object.keys(nativeZones));
  if (zone === undefined) return undefined;
  return { zone, allowed: nativeZones[zone] ?? [] };
}

/** Looks where the compiler looks. Where it is found nowhere, it is a library's. */
function resolve(from: string, header: string, known: ReadonlySet<string>): string | undefined {
  const folders = [posix.dirname(from), 'native/include', 'native/src', testsFolder];
  return folders.map((folder) => posix.join(folder, header)).find((path) => known.has(path));
}

export function checkIncludes(files: SourceText[]): { violations: Violation[]; edges: Edge[] } {
  const violations: Violation[] = [];
  const edges: Edge[] = [];
  const known = new Set(files.map(({ path }) => path));
  for (const { path, text } of files) {
    const rights = allowedZones(path);
    if (rights === undefined) {
      violations.push({
        path,
        line: 1,
        message: 'no source belongs here: see nativeZones of import-table.ts',
      });
      continue;
    }
    for (const { line, header } of readIncludes(text)) {
      const target = resolve(path, header, known);
      if (target !== undefined) {
        edges.push({ from: path, to: target, line });
        const targetZone = zoneOf(target, [...Object.keys(nativeZones), testsFolder]);
        if (targetZone === undefined || (targetZone !== rights.zone && !rights.allowed.includes(targetZone)))
          violations.push({ path, line, message: `${rights.zone} may not include ${target}` });
        continue;
      }
      const library = libraryHeaders.find(({ headers }) => headers.test(header));
      if (library !== undefined && !library.folders.includes(folderOf(path)))
        violations.push({
          path,
          line,
          message: `only ${library.folders.join(' and ')} may include ${library.name}'s headers (<${header}>)`,
        });
    }
  }
  return { violations, edges };
}
