// The table: sorted by a click on a heading, filtered by limits and parallel coordinates.

/** @type {{rows: HTMLTableRowElement[], heads: HTMLTableCellElement[], body: HTMLElement}} */
const table = { rows: [], heads: [], body: element("tbody") };

/** @param {number | null} column @param {string} title @param {string} [small] @param {string} [hint] */
function headCell(column, title, small = "", hint = "") {
  const button = element("button", { type: "button" }, title);
  if (small) button.append(element("small", {}, small));
  if (hint) button.title = hint;
  button.addEventListener("click", () => sortBy(column));
  return element("th", { scope: "col", class: column === null ? "row-number" : "number" }, button);
}

/** @param {Column} each @param {number} column */
function valueHead(each, column) {
  const kind = column < report.n_objectives ? each.source : `${each.source}, not optimised`;
  return headCell(column, each.title, [each.unit, kind].filter(Boolean).join(" · "),
    each.detail || each.title);
}

/** @param {number} row @param {number} column */
function valueCell(row, column) {
  const interval = formatInterval(row, column);
  const cell = element("td", { class: "number" }, formatNumber(valueAt(row, column), column));
  if (interval) cell.append(element("small", {}, interval));
  return cell;
}

/** @param {number} row */
function tableRow(row) {
  const arch = at(archs, row);
  const line = element("tr", { "data-row": row, tabindex: -1 },
    element("td", { class: "row-number" }),
    element("td", { class: "arch", title: arch }, ...breakable(arch)),
    ...columns.map((_, column) => valueCell(row, column)));
  line.addEventListener("click", () => hooks.select(row));
  return line;
}

function drawTable() {
  table.heads = [headCell(null, hooks.rowHeading), ...columns.map(valueHead)];
  table.rows = archs.map((_, row) => tableRow(row));
  table.body.addEventListener("keydown", moveSelection);
  const [number, ...heads] = table.heads;
  byId("table").replaceChildren(element("table", { class: "values" },
    element("thead", {}, element("tr", {}, ...(number ? [number] : []),
      element("th", { scope: "col", class: "arch" }, "Architecture"), ...heads)),
    table.body));
  byId("csv").addEventListener("click", downloadCsv);
  labelRows();
  sortRows();
  filterRows();
}

/** Write every row's number, and what it is besides. */
function labelRows() {
  table.rows.forEach((line, row) => {
    const [number = "", ...more] = hooks.rowLabel(row);
    line.cells[0]?.replaceChildren(number, ...more.map((text) => element("small", {}, text)));
  });
}

/** Sort by a column, its better end first; the other way round when asked again. @param {number | null} column */
function sortBy(column) {
  const again = state.sort.column === column;
  const begins = column !== null && spec(column).direction === "max";
  state.sort = { column, descending: again ? !state.sort.descending : begins };
  sortRows();
}

/** Rows in the table's order. */
function sortedRows() {
  const { column, descending } = state.sort;
  const sign = descending ? -1 : 1;
  return archs.map((_, row) => row).sort((a, b) => {
    if (column === null) return sign * (a - b);
    const [left, right] = [valueAt(a, column), valueAt(b, column)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return sign * (left - right) || a - b;
  });
}

function sortRows() {
  const { column, descending } = state.sort;
  table.body.append(...sortedRows().map((row) => at(table.rows, row)));
  table.heads.forEach((head, position) => {
    const way = descending ? "descending" : "ascending";
    const isSorted = position === (column === null ? 0 : column + 1);
    head.setAttribute("aria-sort", isSorted ? way : "none");
  });
  offerFirstRow();
}

function filterRows() {
  table.rows.forEach((line, row) => {
    line.hidden = !state.shown[row] && row !== state.selected;
  });
  const n = state.shown.filter(Boolean).length;
  const [some, all] = [n, archs.length].map((count) => count.toLocaleString("en"));
  byId("n-shown").textContent = n === archs.length ? `${all} shown` : `${some} of ${all} shown`;
  byId("reset").hidden = state.brushes.size + state.limits.size === 0;
  byId("csv").textContent = `Download ${n === archs.length ? "all" : "these"} as CSV`;
  offerFirstRow();
}

/** The keyboard reaches one row: the selected, or else the first. */
function offerFirstRow() {
  const first = [...table.body.querySelectorAll("tr")].find((line) => !line.hidden);
  const target = state.selected === null ? first : table.rows[state.selected];
  table.rows.forEach((line) => { line.tabIndex = line === target ? 0 : -1; });
}

/** @param {KeyboardEvent} event */
function moveSelection(event) {
  const line = event.target instanceof Element ? event.target.closest("tr") : null;
  if (line === null) return;
  const lines = [...table.body.querySelectorAll("tr")].filter((each) => !each.hidden);
  const place = lines.indexOf(line);
  const last = lines.length - 1;
  /** @type {Record<string, number>} */
  const places = { ArrowDown: Math.min(place + 1, last), ArrowUp: Math.max(place - 1, 0), Home: 0,
    End: last, Enter: place, " ": place };
  const target = lines[places[event.key] ?? -1];
  if (!target) return;
  event.preventDefault();
  hooks.select(Number(target.dataset.row));
  target.focus({ preventScroll: true });
}

function highlightRow() {
  table.rows.forEach((line, row) => {
    line.setAttribute("aria-selected", String(row === state.selected));
  });
  filterRows();
  if (state.selected !== null) scrollToRow(at(table.rows, state.selected));
}

/** Scroll the table, not the page, so that the click's own place stays where it was. @param {HTMLElement} line */
function scrollToRow(line) {
  const box = byId("table");
  const head = box.querySelector("thead")?.offsetHeight ?? 0;
  const above = line.offsetTop - head;
  const below = line.offsetTop + line.offsetHeight - box.clientHeight;
  if (box.scrollTop > above) box.scrollTop = above;
  else if (box.scrollTop < below) box.scrollTop = below;
}

/** The rows on show as CSV in the form of front.csv: numbers in full, unknown is empty. */
function csvText() {
  const heads = [...hooks.csvHeads, "arch", ...columns.flatMap(({ column }) =>
    [column, `${column}_lower`, `${column}_upper`, `${column}_source`])];
  const lines = sortedRows().filter((row) => state.shown[row]).map((row) => [
    ...hooks.csvLead(row), at(archs, row),
    ...columns.flatMap(({ source }, column) =>
      [valueAt(row, column), lower[row]?.[column], upper[row]?.[column], source])]);
  /** @param {string | number | null | undefined} cell */
  const cellText = (cell) => {
    const text = String(cell ?? "");
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  return [heads, ...lines].map((line) => `${line.map(cellText).join(",")}\n`).join("");
}

function downloadCsv() {
  const url = URL.createObjectURL(new Blob([csvText()], { type: "text/csv" }));
  const link = element("a", { href: url, download: "front-rows.csv" });
  link.click();
  URL.revokeObjectURL(url);
}
