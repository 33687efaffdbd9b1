// Checks the imports of every TypeScript and JavaScript file against import-table.ts.
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import ts from 'typescript';
import {
  type Door,
  doorNames,
  doors,
  httpBuiltins,
  testFiles,
  testPackages,
  typeScriptZones,
} from './import-table.ts';

export interface SourceText {
  /** From the root of the repository, with forward slashes. */
  path: string;
  text: string;
}

export interface Violation {
  path: string;
  line: number;
  message: string;
}

/** One file importing another, for the search for cycles. */
export interface Edge {
  from: string;
  to: string;
  line: number;
}

interface Import {
  line: number;
  /** undefined: not a literal. */
  specifier: string | undefined;
  /** A type leaves nothing behind at run time. */
  typeOnly: boolean;
  names: string[];
}

interface Imports {
  imports: Import[];
  /** Lines where require, createRequire or process.dlopen is used. */
  loads: number[];
}

/** The longest zone that a path lies in. */
export function zoneOf(path: string, zones: Iterable<string>): string | undefined {
  let best: string | undefined;
  for (const zone of zones) {
    if (path !== zone && !path.startsWith(`${zone}/`)) continue;
    if (best === undefined || zone.length > best.length) best = zone;
  }
  return best;
}

/** A Vue file's scripts, on the lines where they stand. */
function scriptsOf({ path, text }: SourceText): string {
  if (!path.endsWith('.vue')) return text;
  let kept = '';
  let end = 0;
  for (const match of text.matchAll(/<script\b[^>]*>([\s\S]*?)<\/script>/g)) {
    const body = match[1] ?? '';
    const start = match.index + match[0].indexOf('>') + 1;
    kept += text.slice(end, start).replace(/[^\n]/g, '') + body;
    end = start + body.length;
  }
  return kept;
}

function namedBindings(clause: ts.ImportClause | undefined): string[] {
  const bindings = clause?.namedBindings;
  if (clause === undefined) return [];
  const whole = clause.name === undefined ? [] : ['default'];
  if (bindings === undefined) return whole;
  if (ts.isNamespaceImport(bindings)) return [...whole, '*'];
  const named = bindings.elements.filter((element) => !element.isTypeOnly);
  return [...whole, ...named.map((element) => (element.propertyName ?? element.name).text)];
}

function readImports(file: SourceText): Imports {
  const kind = file.path.endsWith('.mjs') || file.path.endsWith('.js') ? ts.ScriptKind.JS : ts.ScriptKind.TS;
  const source = ts.createSourceFile(file.path, scriptsOf(file), ts.ScriptTarget.Latest, false, kind);
  const found: Imports = { imports: [], loads: [] };
  const lineOf = (node: ts.Node) => source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
  const add = (node: ts.Node, specifier: ts.Node | undefined, typeOnly: boolean, names: string[]) => {
    const text = specifier !== undefined && ts.isStringLiteralLike(specifier) ? specifier.text : undefined;
    found.imports.push({ line: lineOf(node), specifier: text, typeOnly, names });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const names = namedBindings(node.importClause);
      const typeOnly =
        node.importClause !== undefined && (node.importClause.isTypeOnly || names.length === 0);
      add(node, node.moduleSpecifier, typeOnly, names);
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      add(node, node.moduleSpecifier, node.isTypeOnly, ['*']);
    } else if (ts.isImportTypeNode(node)) {
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true, []);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0], false, ['*']);
    } else if (ts.isIdentifier(node) && ['require', 'createRequire', 'dlopen'].includes(node.text)) {
      found.loads.push(lineOf(node));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The doors (things that one file may reach for) that an import opens. */
function doorsOf({ specifier, typeOnly, names }: Import): Door[] {
  if (specifier === undefined || typeOnly) return [];
  if (specifier === 'better-sqlite3') return ['sqlite'];
  if (specifier.endsWith('.node')) return ['addon'];
  if (packageName(specifier) === 'ws' || httpBuiltins.includes(specifier)) return ['ports'];
  if (packageName(specifier) !== 'electron') return [];
  return (['ipcMain', 'ipcRenderer'] as const).filter((ipc) =>
    names.some((name) => name === ipc || name === '*' || name === 'default'),
  );
}

/** Why a file of a zone may not import this; undefined where it may. */
function refusal(path: string, zone: string, specifier: string): string | undefined {
  const allowed = typeScriptZones[zone];
  if (allowed === undefined) return `${zone} is no zone of import-table.ts`;
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(path), specifier);
    if (testFiles.test(target) && !testFiles.test(path)) return `only tests may import ${target}`;
    const targetZone = zoneOf(target, Object.keys(typeScriptZones));
    if (targetZone === zone || (targetZone !== undefined && allowed.zones.includes(targetZone)))
      return undefined;
    return `${zone} may not import ${targetZone ?? target}`;
  }
  if (specifier.startsWith('node:') || isBuiltin(specifier)) {
    if (allowed.builtins === 'none') return `${zone} may not import Node's modules (${specifier})`;
    if (httpBuiltins.includes(specifier) && allowed.builtins !== 'http')
      return `${zone} may not open ports (${specifier})`;
    return undefined;
  }
  const name = packageName(specifier);
  if (allowed.packages.includes(name)) return undefined;
  if (testPackages.includes(name) && testFiles.test(path)) return undefined;
  return `${zone} may not import the package ${name}`;
}

/** Every import that the table does not allow, and every door that a second file opens. */
export function checkImports(files: SourceText[]): { violations: Violation[]; edges: Edge[] } {
  const violations: Violation[] = [];
  const edges: Edge[] = [];
  const openers = new Map<Door, { path: string; line: number }[]>(doors.map((door) => [door, []]));
  for (const file of files) {
    const { path } = file;
    const zone = zoneOf(path, Object.keys(typeScriptZones));
    if (zone === undefined) {
      // Configuration of a tool lies at the root and imports the tool.
      if (!path.includes('/') && path.includes('.config.')) continue;
      violations.push({ path, line: 1, message: 'no source belongs here: see the zones of import-table.ts' });
      continue;
    }
    const { imports, loads } = readImports(file);
    const open = (door: Door, line: number) => {
      const list = openers.get(door);
      if (list !== undefined && !list.some((other) => other.path === path)) list.push({ path, line });
    };
    for (const entry of imports) {
      const { line, specifier } = entry;
      if (specifier === undefined) {
        violations.push({ path, line, message: 'an import must name its module as a literal' });
        continue;
      }
      const message = refusal(path, zone, specifier);
      if (message !== undefined) violations.push({ path, line, message });
      for (const door of doorsOf(entry)) open(door, line);
      if (specifier.startsWith('.'))
        edges.push({ from: path, to: posix.join(posix.dirname(path), specifier), line });
    }
    for (const line of loads) {
      open('addon', line);
      if (zone !== 'main/engine')
        violations.push({ path, line, message: `only main/engine loads ${doorNames.addon}` });
    }
  }
  for (const [door, users] of openers) {
    if (users.length < 2) continue;
    for (const { path, line } of users) {
      const others = users.filter((user) => user.path !== path).map((user) => user.path);
      const message = `one file alone may reach for ${doorNames[door]}, but ${others.join(', ')} does, too`;
      violations.push({ path, line, message });
    }
  }
  return { violations, edges };
}
