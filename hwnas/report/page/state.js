// What the page shows: the run's data, which never change, and the reader's choices, which do.

const report = JSON.parse(document.getElementById("report-data").textContent);
const { columns, archs, values, lower, upper } = report;

const state = {
  ...report.axes, // x, y and colour: positions in `columns`; colour may be null
  intervals: false,
  selected: null, // position in `archs`
  brushes: new Map(), // position in `columns` -> [low, high]
  shown: archs.map(() => true),
  sort: { column: 0, descending: columns.length > 0 && columns[0].direction === "max" },
};

const valuesOf = (column) => values.map((row) => row[column]);
const knownOf = (column) => valuesOf(column).filter((value) => value !== null);

/** Recompute which architectures lie in every brush; an unknown value lies in none. */
function applyBrushes() {
  const brushes = [...state.brushes];
  state.shown = values.map((row) =>
    brushes.every(([column, [low, high]]) =>
      row[column] !== null && row[column] >= low && row[column] <= high));
}

/** An element with attributes; strings among the children become text, never markup. */
function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
