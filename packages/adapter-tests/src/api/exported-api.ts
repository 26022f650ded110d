import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const entryOf = (name: string): string => resolve(ROOT, "packages", name, "src/index.ts");

/** By file and name, the declarations as the compiler emits them: without bodies, comments and what is marked as internal. */
type Emitted = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

/** What packages export, as text: what an application can come to rely on. */
export class ExportedApi {
  readonly #program: ts.Program;
  readonly #declarations: Emitted;

  /** @param names of the packages' folders. */
  constructor(names: readonly string[]) {
    const { config } = ts.readConfigFile(resolve(ROOT, "tsconfig.json"), (path) => readFileSync(path, "utf8"));
    const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: names.map(entryOf) }, ts.sys, ROOT);
    this.#program = ts.createProgram([...names.map(entryOf), resolve(ROOT, "types/text-modules.d.ts")], {
      ...options,
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      stripInternal: true,
      removeComments: true,
      allowImportingTsExtensions: false,
    });
    this.#declarations = emit(this.#program);
  }

  /** Every declaration that a package exports or that one of those names, in the order of their names. */
  of(name: string): string {
    const checker = this.#program.getTypeChecker();
    const entry = this.#program.getSourceFile(entryOf(name));
    const module = entry && checker.getSymbolAtLocation(entry);
    if (module === undefined) throw new Error(`${name} has no entry.`);
    const exported = new Map<string, Place>();
    const elsewhere: string[] = [];
    for (const symbol of checker.getExportsOfModule(module)) {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const file = target.declarations?.[0]?.getSourceFile().fileName;
      if (file === undefined) throw new Error(`${symbol.name} is declared nowhere.`);
      if (file.startsWith(dirname(entryOf(name)))) exported.set(symbol.name, { file, name: target.name });
      else elsewhere.push(symbol.name);
    }
    const named = this.#namedBy([...exported.values()]);
    return [
      ...[...exported].sort(byName).map(([, place]) => this.#textOf(place)),
      "// Not exported, but named by what is.",
      ...named.map((place) => this.#textOf(place)),
      "// Exported from another package.",
      ...elsewhere.sort(),
      "",
    ].join("\n");
  }

  /** What declarations name of their own package, and what that names. */
  #namedBy(exported: readonly Place[]): readonly Place[] {
    const seen = new Set(exported.map(keyOf));
    const found: Place[] = [];
    const waiting = [...exported];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const source = this.#program.getSourceFile(next.file);
      for (const name of new Set(this.#textOf(next).match(/\b[A-Z_]\w*\b/g))) {
        const file = source && this.#fileOf(source, name);
        if (file === undefined || seen.has(keyOf({ file, name }))) continue;
        seen.add(keyOf({ file, name }));
        found.push({ file, name });
        waiting.push({ file, name });
      }
    }
    return found.sort((a, b) => byName([a.name], [b.name]));
  }

  /** Where a name in a file is declared, if by the package itself. */
  #fileOf(source: ts.SourceFile, name: string): string | undefined {
    if (this.#declarations.get(source.fileName)?.has(name) === true) return source.fileName;
    for (const statement of source.statements) {
      if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
      const { text } = statement.moduleSpecifier;
      const bindings = statement.importClause?.namedBindings;
      if (!text.startsWith(".") || bindings === undefined || !ts.isNamedImports(bindings)) continue;
      const file = resolve(dirname(source.fileName), text.replace(/\.js$/, ".ts"));
      const isNamed = bindings.elements.some((element) => element.name.text === name);
      if (isNamed && this.#declarations.get(file)?.has(name) === true) return file;
    }
    return undefined;
  }

  #textOf({ file, name }: Place): string {
    const texts = this.#declarations.get(file)?.get(name);
    if (texts === undefined) throw new Error(`${relative(ROOT, file)} declares no ${name}.`);
    return texts.join("\n");
  }
}

interface Place {
  readonly file: string;
  readonly name: string;
}

const keyOf = ({ file, name }: Place): string => `${file} ${name}`;
const byName = ([a]: readonly [string, ...unknown[]], [b]: readonly [string, ...unknown[]]): number => (a < b ? -1 : 1);

function emit(program: ts.Program): Emitted {
  const emitted = new Map<string, Map<string, string[]>>();
  program.emit(undefined, (path, text) => {
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    const declarations = new Map<string, string[]>();
    for (const statement of source.statements) {
      for (const name of namesOf(statement))
        declarations.set(name, [...(declarations.get(name) ?? []), statement.getText(source)]);
    }
    emitted.set(path.replace(/\.d\.ts$/, ".ts"), declarations);
  });
  return emitted;
}

function namesOf(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  }
  const isNamed =
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isFunctionDeclaration(statement);
  return isNamed && statement.name !== undefined ? [statement.name.text] : [];
}
