// Shows openapi.json: a section a tag, a foldable entry an operation. Text is set, never parsed.

const spec = await (await fetch("openapi.json")).json();

function make(name, content = [], attributes = {}) {
  const element = Object.assign(document.createElement(name), attributes);
  element.append(...[content].flat().filter(Boolean));
  return element;
}

// `backticks` become code.
function prose(text) {
  const parts = (text || "").split("`");
  return make("p", parts.map((part, at) => (at % 2 ? make("code", part) : part)));
}

function resolve(object) {
  return object.$ref ? object.$ref.split("/").slice(1).reduce((at, key) => at[key], spec) : object;
}

// A schema in one line's words, as a reader would say it.
function describe(schema) {
  if (schema.$ref) {
    const name = schema.$ref.split("/").pop();
    return make("a", name, { href: `#schema-${name}` });
  }
  const either = schema.anyOf || schema.oneOf;
  if (either && !schema.type) return join(either.map(describe), " or ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.format === "binary") return "bytes";
  if (schema.type === "array") {
    const { minItems: least, maxItems: most } = schema;
    const count = least && least === most ? `${least} × ` : least ? `${least} or more × ` : "list of ";
    return make("span", [count, describe(schema.items || {})]);
  }
  if (schema.properties) return fields(schema);
  const range = "minimum" in schema && "maximum" in schema ? ` ${schema.minimum} to ${schema.maximum}` : "";
  return ([schema.type].flat().join(" or ") || "anything") + range;
}

function join(parts, between) {
  return make("span", parts.flatMap((part, at) => (at ? [between, part] : [part])));
}

function fields(schema) {
  const rows = Object.entries(schema.properties).map(([name, field]) =>
    make("li", [
      make("code", name),
      (schema.required || []).includes(name) ? "" : " (optional)",
      ": ",
      describe(field),
      field.description ? make("small", ` ${field.description.replaceAll("`", "")}`) : "",
    ]),
  );
  return make("ul", rows);
}

function content(types) {
  const rows = Object.entries(types || {}).map(([type, { schema }]) =>
    make("li", [make("code", type), ": ", describe(schema)]),
  );
  return make("ul", rows);
}

function operation(path, method, told) {
  const parameters = (told.parameters || []).map((one) =>
    make("li", [make("code", one.name), ` (${one.in}): `, describe(one.schema), ` ${one.description || ""}`]),
  );
  const answers = Object.entries(told.responses).map(([status, answer]) => {
    const { description, content: types } = resolve(answer);
    return make("li", [make("strong", status, { className: `s${status[0]}` }), prose(description), content(types)]);
  });
  return make("details", [
    make("summary", [
      make("span", method, { className: `method ${method}` }),
      make("code", path),
      make("span", told.summary, { className: "summary" }),
    ]),
    told.description && prose(told.description),
    parameters.length && make("h4", "Parameters"),
    parameters.length && make("ul", parameters),
    told.requestBody && make("h4", "Request"),
    told.requestBody && content(told.requestBody.content),
    make("h4", "Answers"),
    make("ul", answers, { className: "answers" }),
  ], { id: told.operationId });
}

function section(tag) {
  const found = Object.entries(spec.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, told]) => told.tags.includes(tag.name))
      .map(([method, told]) => operation(path, method, told)),
  );
  return make("section", [make("h2", tag.name), prose(tag.description), ...found]);
}

function schema([name, told]) {
  const shown = make("details", [make("summary", make("code", name)), prose(told.description), describe(told)]);
  shown.id = `schema-${name}`;
  return shown;
}

function unfold() {
  const wanted = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (wanted) wanted.open = true;
  if (wanted) wanted.scrollIntoView();
}

document.getElementById("docs").replaceChildren(
  make("h1", [spec.info.title, " ", make("small", spec.info.version)]),
  prose(spec.info.description),
  make("p", make("a", "openapi.json", { href: "openapi.json" })),
  ...spec.tags.map(section),
  make("section", [make("h2", "Shapes"), ...Object.entries(spec.components.schemas).map(schema)]),
);
addEventListener("hashchange", unfold);
unfold();
