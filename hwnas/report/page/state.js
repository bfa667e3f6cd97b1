// What the page shows: the run's data, which never change, and the reader's choices, which do.

const report = /** @type {PageData} */ (JSON.parse(byId("report-data").textContent ?? ""));
const { columns, archs, values, lower, upper } = report;

/** @type {State} */
const state = {
  ...report.axes, // x, y and colour: positions in `columns`; colour may be null
  intervals: false,
  earlier: false,
  selected: null, // position in `archs`
  brushes: new Map(), // position in `columns` -> [low, high]
  limits: new Map(), // position in `columns` -> bound
  pick: null,
  runnerUp: null,
  shown: archs.map(() => true),
  sort: { column: null, descending: false }, // null: by number of the row
};

/**
 * What the parts that all pages share ask of the page that they are on.
 * @type {Hooks}
 */
const hooks = {
  select: () => {},
  rowHeading: "",
  rowLabel: (row) => [String(row + 1)],
  csvLead: () => [],
  csvHeads: [],
};

/** @param {number} column */
const valuesOf = (column) => values.map((row) => row[column] ?? null);
/** @param {number} column */
const knownOf = (column) => valuesOf(column).filter((value) => value !== null);
/** @param {number} row @param {number} column */
const valueAt = (row, column) => values[row]?.[column] ?? null;
/** @param {number} column */
const spec = (column) => at(columns, column);

/**
 * An item that is there.
 * @template T
 * @param {readonly T[]} items
 * @param {number} position
 * @returns {T}
 */
function at(items, position) {
  const item = items[position];
  if (item === undefined) throw new RangeError(`there is no item ${position}`);
  return item;
}

/** @param {string} id @returns {HTMLElement} */
function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no ${id}`);
  return found;
}

/** @param {string} id */
const inputById = (id) => /** @type {HTMLInputElement} */ (byId(id));
/** @param {string} id */
const menuById = (id) => /** @type {HTMLSelectElement} */ (byId(id));

/**
 * An element with attributes; strings among the children become text, never markup.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 */
function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/**
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 */
function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/**
 * @template {Element} E
 * @param {E} node
 * @param {Attributes} attributes
 * @param {(Node | string)[]} children
 */
function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** An architecture's string in the parts that a line is not to break. @param {string} arch */
function archParts(arch) {
  const parts = arch.match(arch.includes("|") ? /\|?[^|]*\|?\+?/g : /[^-_]*[-_]?/g) ?? [];
  return parts.filter(Boolean);
}

/** An architecture's string whose lines break between operations. @param {string} arch */
function breakable(arch) {
  return archParts(arch).flatMap((part, place) => (place ? [element("wbr"), part] : [part]));
}

/**
 * A text to copy, with a button that does.
 * @param {string} text
 * @param {string} what what the button copies, for who does not see the page
 * @param {(Node | string)[]} shown the text as its lines may break
 */
function copied(text, what, shown) {
  const code = element("code", {}, ...shown);
  const button = element("button", { type: "button", class: "copy" }, "Copy");
  button.setAttribute("aria-label", `Copy ${what}`);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      // The browser keeps the clipboard from pages on disk: leave the text ready for Ctrl+C.
      getSelection()?.selectAllChildren(code);
      button.textContent = "Selected";
    }
  });
  return element("div", { class: "string" }, code, button);
}

/** A command to copy: lines break between words, not after a word's hyphens. @param {string} command */
function copiedCommand(command) {
  return copied(command, "the command", command.split(/( )/).map((word) =>
    (word === " " ? word : element("span", {}, word))));
}
