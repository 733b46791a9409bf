/** The parts of an OpenAPI document that this API uses. https://spec.openapis.org/oas/v3.1.0 */

export interface Api {
  readonly openapi: string;
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description: string;
    readonly license: { readonly name: string; readonly url: string };
  };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  /** By path and by method in lower case. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Components;
}

export interface Components {
  readonly schemas: Readonly<Record<string, Schema>>;
  readonly responses: Readonly<Record<string, Answer>>;
  readonly securitySchemes: Readonly<
    Record<
      string,
      { readonly type: "http"; readonly scheme: "bearer"; readonly description: string }
    >
  >;
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  /** Security schemes, each with the required scopes. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  /** By status. */
  readonly responses: Readonly<Record<string, Answer | Reference>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: "query" | "header" | "path";
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Schema;
  readonly examples: Examples;
}

export interface Answer {
  readonly description: string;
  readonly headers: Readonly<Record<string, Header>>;
  readonly content: Content;
}

export interface Header {
  readonly description?: string;
  readonly required: boolean;
  readonly schema: Schema;
}

/** By media type. */
export type Content = Readonly<
  Record<string, { readonly schema: Schema; readonly examples: Examples }>
>;

/** By name. */
export type Examples = Readonly<Record<string, { readonly value: unknown }>>;

export interface Reference {
  readonly $ref: string;
}

/** JSON Schema 2020-12, the keywords that the schemas use. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** `false`: no further properties allowed. A schema: the schema of further properties. */
  readonly additionalProperties?: false | Schema;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** An operation with its method and path. */
export interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** All operations, in the document's order. */
export function listRoutes({ paths }: Api): Route[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    }))
  );
}

/** Resolves a response that may be a reference into `components`. */
export function resolveAnswer(answer: Answer | Reference, { components }: Api): Answer {
  if (!("$ref" in answer)) return answer;
  const found = components.responses[nameOf(answer.$ref)];
  if (found) return found;
  throw new RangeError(`${answer.$ref} is not in the document`);
}

/** The last part of a reference: `Plan` of `#/components/schemas/Plan`. */
export function nameOf(ref: string): string {
  return ref.slice(ref.lastIndexOf("/") + 1);
}
