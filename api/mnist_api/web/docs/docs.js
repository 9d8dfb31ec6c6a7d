// Shows openapi.json: one section for each tag, one <details> for each operation. All text is
// inserted as text nodes, never parsed as HTML.

const spec = await (await fetch("openapi.json")).json();

function make(name, content = [], attributes = {}) {
  const element = Object.assign(document.createElement(name), attributes);
  element.append(...[content].flat().filter(Boolean));
  return element;
}

// Returns a paragraph; text between `backticks` becomes <code>.
function makeParagraph(text) {
  const parts = (text || "").split("`");
  return make("p", parts.map((part, index) => (index % 2 ? make("code", part) : part)));
}

function resolve(object) {
  const keys = object.$ref?.split("/").slice(1);
  return keys ? keys.reduce((found, key) => found[key], spec) : object;
}

// Returns a schema as a short text, or as a list of its properties.
function describe(schema) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return make("a", name, { href: `#schema-${name}` });
  }
  const alternatives = schema.anyOf || schema.oneOf;
  if (alternatives && !schema.type) return join(alternatives.map(describe), " or ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.format === "binary") return "bytes";
  if (schema.type === "array") {
    const { minItems: min, maxItems: max } = schema;
    const count = min && min === max ? `${min} × ` : min ? `${min} or more × ` : "list of ";
    return make("span", [count, describe(schema.items || {})]);
  }
  if (schema.properties) return describeProperties(schema);
  const range = "minimum" in schema && "maximum" in schema ? ` ${schema.minimum} to ${schema.maximum}` : "";
  return ([schema.type].flat().join(" or ") || "anything") + range;
}

function join(parts, separator) {
  return make("span", parts.flatMap((part, index) => (index ? [separator, part] : [part])));
}

function describeProperties(schema) {
  const items = Object.entries(schema.properties).map(([name, property]) =>
    make("li", [
      make("code", name),
      (schema.required || []).includes(name) ? "" : " (optional)",
      ": ",
      describe(property),
      property.description ? make("small", ` ${property.description.replaceAll("`", "")}`) : "",
    ]),
  );
  return make("ul", items);
}

function makeContent(content) {
  const items = Object.entries(content || {}).map(([type, { schema }]) =>
    make("li", [make("code", type), ": ", describe(schema)]),
  );
  return make("ul", items);
}

function makeOperation(path, method, operation) {
  const parameters = (operation.parameters || []).map((parameter) =>
    make("li", [
      make("code", parameter.name),
      ` (${parameter.in}): `,
      describe(parameter.schema),
      ` ${parameter.description || ""}`,
    ]),
  );
  const responses = Object.entries(operation.responses).map(([status, response]) => {
    const { description, content } = resolve(response);
    return make("li", [
      make("strong", status, { className: `s${status[0]}` }),
      makeParagraph(description),
      makeContent(content),
    ]);
  });
  return make("details", [
    make("summary", [
      make("span", method, { className: `method ${method}` }),
      make("code", path),
      make("span", operation.summary, { className: "summary" }),
    ]),
    operation.description && makeParagraph(operation.description),
    parameters.length && make("h4", "Parameters"),
    parameters.length && make("ul", parameters),
    operation.requestBody && make("h4", "Request"),
    operation.requestBody && makeContent(operation.requestBody.content),
    make("h4", "Responses"),
    make("ul", responses, { className: "responses" }),
  ], { id: operation.operationId });
}

function makeSection(tag) {
  const operations = Object.entries(spec.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => operation.tags.includes(tag.name))
      .map(([method, operation]) => makeOperation(path, method, operation)),
  );
  return make("section", [make("h2", tag.name), makeParagraph(tag.description), ...operations]);
}

function makeSchema([name, schema]) {
  return make(
    "details",
    [make("summary", make("code", name)), makeParagraph(schema.description), describe(schema)],
    { id: `schema-${name}` },
  );
}

// Opens the entry that the URL's fragment names.
function openTarget() {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id && document.getElementById(id);
  if (target) target.open = true;
  if (target) target.scrollIntoView();
}

document.getElementById("docs").replaceChildren(
  make("h1", [spec.info.title, " ", make("small", spec.info.version)]),
  makeParagraph(spec.info.description),
  make("p", make("a", "openapi.json", { href: "openapi.json" })),
  ...spec.tags.map(makeSection),
  make("section", [make("h2", "Schemas"), ...Object.entries(spec.components.schemas).map(makeSchema)]),
);
addEventListener("hashchange", openTarget);
openTarget();
