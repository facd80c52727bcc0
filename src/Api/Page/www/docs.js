import { get } from "./api.js";
import { h } from "./dom.js";
import { example, resolve, schemaTree, typeOf } from "./docs-schema.js";
import { brokenState, loading } from "./states.js";

// The API's reference, made from the description that the server answers: it shows what is built, and nothing else.

const Methods = ["get", "head", "post", "put", "patch", "delete"];
const main = document.getElementById("main");

async function start() {
  main.replaceChildren(loading("the reference"));
  try {
    show(await get("/openapi/v1.json"));
  } catch (error) {
    main.replaceChildren(brokenState(error, () => location.reload()));
    if (error.status === undefined) throw error;
  }
}

function show(document_) {
  const operations = Object.entries(document_.paths).flatMap(([path, item]) =>
    Methods.filter(method => method in item).map(method => ({ path, method, ...item[method], parameters: [...item.parameters ?? [], ...item[method].parameters ?? []] })));
  const tags = [...new Set(operations.map(operation => operation.tags?.[0] ?? "Other"))];
  const filter = h("input", { type: "search", id: "filter", placeholder: "Filter", "aria-label": "Filter the routes" });
  const ofTag = tag => operations.filter(operation => (operation.tags?.[0] ?? "Other") === tag);

  const nav = h("nav.contents", { "aria-label": "Routes" }, filter, tags.map(tag => h("section", {}, h("h2", {}, tag), h("ul", {}, ofTag(tag).map(operation =>
    h("li", { "data-words": wordsOf(operation) }, h("a", { href: `#${idOf(operation)}` }, method(operation.method), h("span", {}, pathParts(operation.path.replace(/^\/v1/, ""))))))))));
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const row of nav.querySelectorAll("li")) row.hidden = !row.dataset.words.includes(wanted);
    for (const section of nav.querySelectorAll("section")) section.hidden = section.querySelector("li:not([hidden])") === null;
  });

  main.replaceChildren(h("div.docs", {}, nav, h("div.reference", {},
    h("header", {}, h("h1", {}, "The API"), h("p", {}, document_.info.description),
      h("p", {}, "Every request but those of the node carries ", h("code", {}, "Authorization: Bearer"), " and an API key. Refusals are ",
        h("code", {}, "application/problem+json"), " with a stable ", h("code", {}, "code"), ".")),
    tags.map(tag => h("section", { "aria-label": tag }, h("h2.tag", {}, tag), ofTag(tag).map(operation => article(operation, document_)))))));
  if (location.hash.length > 1) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

const idOf = operation => operation.operationId ?? `${operation.method}-${operation.path.replace(/\W+/g, "-")}`;
const wordsOf = operation => `${operation.method} ${operation.path} ${operation.summary ?? ""} ${operation.operationId ?? ""}`.toLowerCase();
const method = name => h(`span.method.${name}`, {}, name.toUpperCase());

function article(operation, document_) {
  const scopes = [...new Set((operation.security ?? []).flatMap(requirement => Object.values(requirement).flat()))];
  return h("article", { id: idOf(operation) },
    h("h3", {}, method(operation.method), h("code", {}, pathParts(operation.path))),
    h("p.summary", {}, operation.summary ?? "", scopes.length > 0 ? h("span.scope", { title: "The scope a key needs" }, scopes.join(", ")) : h("span.scope", {}, "no key")),
    operation.description && h("p", {}, prose(operation.description)),
    parameters(operation.parameters.map(parameter => resolve(parameter, document_)), document_),
    body(operation.requestBody, document_),
    h("details.sample", {}, h("summary", {}, "curl"), h("pre", { tabindex: 0 }, h("code", {}, curl(operation, document_)))),
    Object.entries(operation.responses ?? {}).filter(([status]) => status !== "default").map(([status, response]) => answer(status, resolve(response, document_), document_)));
}

/** What stands between backticks is code. */
const prose = text => text.split("`").map((part, i) => i % 2 === 1 ? h("code", {}, part) : part);

/** A path may be broken at its slashes. */
const pathParts = path => path.split(/(?=\/)/).flatMap(part => [h("wbr"), part]);

function parameters(list, document_) {
  if (list.length === 0) return null;
  return h("table", {}, h("caption", {}, "Parameters"),
    h("thead", {}, h("tr", {}, ["Name", "In", "Type", "Meaning"].map(title => h("th", { scope: "col" }, title)))),
    h("tbody", {}, list.map(parameter => h("tr", {},
      h("th", { scope: "row" }, h("code", {}, parameter.name), parameter.required ? h("span.required", { title: "Required" }, " *") : null),
      h("td", {}, parameter.in), h("td", {}, typeOf(parameter.schema ?? {}, document_)), h("td", {}, prose(parameter.description ?? ""))))));
}

function body(request, document_) {
  const content = resolve(request ?? {}, document_).content;
  if (!content) return null;
  return Object.entries(content).map(([type, { schema }]) =>
    h("section.shape", {}, h("h4", {}, "Body ", h("code", {}, type)), schemaTree(schema ?? {}, document_)));
}

function answer(status, response, document_) {
  const byShape = new Map();   // forms that look the same stand together
  for (const [type, { schema = {} }] of Object.entries(response.content ?? {})) {
    const shape = JSON.stringify(schema);
    byShape.set(shape, [...byShape.get(shape) ?? [], type]);
  }
  return h("section.shape", {}, h("h4", {}, `Answer ${status} `, h("span.hint", {}, response.description ?? "")),
    [...byShape].map(([shape, types]) => h("div", {}, types.map(type => h("code.media", {}, type)), schemaTree(JSON.parse(shape), document_))));
}

function curl({ method: name, path, requestBody }, document_) {
  const content = Object.entries(resolve(requestBody ?? {}, document_).content ?? {})[0];
  const verb = name === "get" ? "" : name === "head" ? "-I " : `-X ${name.toUpperCase()} `;
  const url = location.origin + path.replace(/\{(\w+)\}/g, (_, part) => `$${part.toUpperCase()}`);
  const lines = [`curl ${verb}"${url}"`, '-H "Authorization: Bearer $KEY"'];
  if (content) lines.push(`-H 'Content-Type: ${content[0]}'`, `-d '${JSON.stringify(example(content[1].schema ?? {}, document_))}'`);
  return lines.join(" \\\n  ");
}

start();
