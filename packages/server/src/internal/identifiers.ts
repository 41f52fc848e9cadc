/**
 * Schemas by the names under which both ends know them.
 *
 * @internal
 */
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"

const identifierOf = (ast: AST.AST): string | undefined =>
  Option.getOrElse(AST.getIdentifierAnnotation(ast), () =>
    ast._tag === "Transformation"
      ? identifierOf(ast.to)
      : ast._tag === "Suspend"
      ? identifierOf(ast.f())
      : undefined)

/** Those that have none are refused by whoever uses them. */
export const identifiersOf = (schemas: ReadonlyArray<Schema.Schema.All> | undefined): ReadonlyArray<string> =>
  (schemas ?? []).flatMap(({ ast }) => identifierOf(ast) ?? [])
