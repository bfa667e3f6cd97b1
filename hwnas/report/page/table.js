// The table: sorted by a click on a heading, filtered by the parallel coordinates.

const table = { rows: [], heads: [], body: null };

function headCell(spec, column) {
  const kind = column < report.n_objectives ? spec.source : `${spec.source}, not optimised`;
  const button = element("button", { type: "button", title: spec.detail || spec.title },
    spec.title, element("small", {}, [spec.unit, kind].filter(Boolean).join(" · ")));
  button.addEventListener("click", () => sortBy(column));
  return element("th", { scope: "col", class: "number" }, button);
}

function valueCell(row, column) {
  const interval = formatInterval(row, column);
  const cell = element("td", { class: "number" }, formatNumber(values[row][column], column));
  if (interval) cell.append(element("small", {}, interval));
  return cell;
}

function tableRow(row) {
  const cells = columns.map((_, column) => valueCell(row, column));
  const line = element("tr", { "data-row": row, tabindex: -1 },
    element("td", { class: "arch", title: archs[row] }, archs[row]), ...cells);
  line.addEventListener("click", () => select(row));
  return line;
}

function drawTable() {
  table.heads = columns.map(headCell);
  table.rows = archs.map((_, row) => tableRow(row));
  table.body = element("tbody");
  table.body.addEventListener("keydown", moveSelection);
  document.getElementById("table").replaceChildren(element("table", { class: "values" },
    element("thead", {}, element("tr", {},
      element("th", { scope: "col", class: "arch" }, "Architecture"), ...table.heads)),
    table.body));
  sortRows();
  filterRows();
}

/** Sort by a column, its better end first; the other way round when asked again. */
function sortBy(column) {
  const again = state.sort.column === column;
  const descending = again ? !state.sort.descending : columns[column].direction === "max";
  state.sort = { column, descending };
  sortRows();
}

function sortRows() {
  const { column, descending } = state.sort;
  const sign = descending ? -1 : 1;
  const order = archs.map((_, row) => row).sort((a, b) => {
    const [left, right] = [values[a][column], values[b][column]];
    if (left === null || right === null) return (left === null) - (right === null);
    return sign * (left - right) || a - b;
  });
  table.body.append(...order.map((row) => table.rows[row]));
  table.heads.forEach((head, at) => {
    const way = descending ? "descending" : "ascending";
    head.setAttribute("aria-sort", at === column ? way : "none");
  });
  offerFirstRow();
}

function filterRows() {
  table.rows.forEach((line, row) => {
    line.hidden = !state.shown[row] && row !== state.selected;
  });
  const n = state.shown.filter(Boolean).length;
  const [some, all] = [n, archs.length].map((count) => count.toLocaleString("en"));
  document.getElementById("n-shown").textContent =
    n === archs.length ? `${all} shown` : `${some} of ${all} shown`;
  document.getElementById("reset").hidden = state.brushes.size === 0;
  offerFirstRow();
}

/** The keyboard reaches one row: the selected, or else the first. */
function offerFirstRow() {
  const first = [...table.body.children].find((line) => !line.hidden);
  const target = state.selected === null ? first : table.rows[state.selected];
  table.rows.forEach((line) => { line.tabIndex = line === target ? 0 : -1; });
}

function moveSelection(event) {
  const line = event.target.closest("tr");
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  if (!step && event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  let target = line;
  if (step) do target = target[step]; while (target && target.hidden);
  if (!target) return;
  select(Number(target.dataset.row));
  target.focus({ preventScroll: true });
}

function highlightRow() {
  table.rows.forEach((line, row) => {
    line.setAttribute("aria-selected", row === state.selected);
  });
  filterRows();
  scrollToRow(table.rows[state.selected]);
}

/** Scroll the table, not the page, so that the click's own place stays where it was. */
function scrollToRow(line) {
  const box = document.getElementById("table");
  const head = box.querySelector("thead").offsetHeight;
  const above = line.offsetTop - head;
  const below = line.offsetTop + line.offsetHeight - box.clientHeight;
  if (box.scrollTop > above) box.scrollTop = above;
  else if (box.scrollTop < below) box.scrollTop = below;
}
