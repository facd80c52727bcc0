import { h } from "./dom.js";

// JSON Schema as OpenAPI 3.1 has it, for reading.

const Deepest = 8;

/** What a `$ref` names, or the thing itself. */
export function resolve(thing, document_) {
  if (!thing.$ref) return thing;
  return thing.$ref.split("/").slice(1).reduce((at, part) => at?.[part.replaceAll("~1", "/").replaceAll("~0", "~")], document_) ?? {};
}

/** "string | null", "integer 1–200, default 50", "array of TrackDto". */
export function typeOf(schema, document_) {
  if (schema.$ref) return nameOf(schema.$ref);
  const either = schema.oneOf ?? schema.anyOf;
  if (either) return either.map(one => typeOf(one, document_)).join(" or ");
  if (schema.enum) return schema.enum.map(value => JSON.stringify(value)).join(" | ");
  const types = [schema.type ?? "any"].flat().map(type => type === "array" ? `array of ${typeOf(schema.items ?? {}, document_)}` : type);
  const range = schema.minimum !== undefined && schema.maximum !== undefined ? ` ${schema.minimum}–${schema.maximum}` : "";
  const format = schema.format ? ` (${schema.format})` : "";
  const otherwise = schema.default !== undefined && schema.default !== null ? `, default ${JSON.stringify(schema.default)}` : "";
  return types.join(" | ") + range + format + otherwise;
}

const nameOf = reference => reference.split("/").at(-1).replace(/Dto$/, "");

/** A schema's members as nested lists; what is inside a member is opened where it stands. */
export function schemaTree(schema, document_, depth = 0, inside = []) {
  const found = shapeOf(schema, document_);
  if (found === null || depth > Deepest) return depth === 0 ? h("p.type", {}, typeOf(schema, document_)) : null;
  if (inside.includes(found)) return null;
  const required = new Set(found.required ?? []);
  return h("ul.members", {}, Object.entries(found.properties ?? {}).map(([name, member]) => {
    const inner = schemaTree(member, document_, depth + 1, [...inside, found]);
    const line = [h("code", {}, name), required.has(name) ? h("span.required", { title: "Required" }, "*") : null, h("span.type", {}, typeOf(member, document_)),
      member.description && h("span.meaning", {}, member.description)];
    return h("li", {}, inner ? h("details", { open: depth === 0 && Object.keys(found.properties).length < 4 }, h("summary", {}, line), inner) : line);
  }));
}

/** The object that a schema is, is an array of, or may be beside null. */
function shapeOf(schema, document_) {
  const here = resolve(schema, document_);
  if (here.properties) return here;
  if (here.items) return shapeOf(here.items, document_);
  const either = here.oneOf ?? here.anyOf ?? here.allOf;
  return either?.map(one => shapeOf(one, document_)).find(shape => shape !== null) ?? null;
}

/** A small value that fits: only what is required, or the first members where nothing is. */
export function example(schema, document_, depth = 0) {
  const here = resolve(schema, document_);
  if (here.oneOf ?? here.anyOf) return example((here.oneOf ?? here.anyOf)[0], document_, depth);
  if (here.default !== undefined && here.default !== null) return here.default;
  if (here.enum) return here.enum[0];
  const type = [here.type].flat().find(type => type !== "null");
  if (type === "array") return depth > 3 ? [] : [example(here.items ?? {}, document_, depth + 1)];
  if (here.properties) {
    const names = here.required?.length > 0 ? here.required : Object.keys(here.properties).slice(0, 3);
    return Object.fromEntries(names.map(name => [name, depth > 3 ? null : example(here.properties[name], document_, depth + 1)]));
  }
  return { string: "…", integer: 1, number: 1, boolean: true, object: {} }[type] ?? null;
}
