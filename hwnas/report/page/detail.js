// The selected architecture: its cell as a drawing or its genes as a list, its string, its values.

// Okabe and Ito 2008: eight colours that stay apart with any kind of colour vision.
const OPERATION_COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
  "#8c6d31"];
const [RADIUS, STEP, RISE] = [15, 134, 54];

function drawDetail() {
  const box = document.getElementById("detail");
  if (state.selected === null) {
    box.replaceChildren(element("p", { class: "hint" },
      "Click a point, a line or a row of the table to see its architecture here."));
    return;
  }
  const row = state.selected;
  const genotype = report.genotypes[row];
  box.replaceChildren(
    report.space.cell === null ? geneList(genotype) : cellDrawing(report.space.cell, genotype),
    archString(archs[row]),
    element("dl", { class: "values" }, ...columns.map((_, column) => valueFact(row, column))));
}

function valueFact(row, column) {
  const spec = columns[column];
  const interval = formatInterval(row, column);
  const notes = [interval && `${interval} (90 %)`, spec.source].filter(Boolean).join(" · ");
  return element("div", {}, element("dt", {}, spec.title),
    element("dd", {}, `${formatNumber(values[row][column], column)} ${spec.unit}`.trim(),
      element("small", {}, notes)));
}

function archString(text) {
  const code = element("code", {}, text);
  const button = element("button", { type: "button", class: "copy" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      // The browser keeps the clipboard from pages on disk: leave the text ready for Ctrl+C.
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
  });
  return element("div", { class: "string" }, code, button);
}

function geneList(genotype) {
  const { genes, n_choices: nChoices } = report.space;
  return element("ol", { class: "genes" }, ...genes.map((gene, at) =>
    element("li", {}, element("span", {}, gene), element("b", {}, String(genotype[at])),
      element("small", {}, `of 0 to ${nChoices[at] - 1}`))));
}

/** How far an edge bends from the straight line, in pixels: longer edges bend more, and those
 * from odd nodes bend down. */
function bend(start, end) {
  const size = (end - start - 1) * RISE;
  return start % 2 ? size : -size;
}

function nodeX(node) {
  return RADIUS + 2 + node * STEP;
}

/** Start, control and end point of an edge, clear of the nodes' circles. */
function edgePoints(start, end) {
  const height = bend(start, end);
  const control = [(nodeX(start) + nodeX(end)) / 2, 2 * height];
  const leave = (node, gap) => {
    const [dx, dy] = [control[0] - nodeX(node), control[1]];
    const length = Math.hypot(dx, dy);
    return [nodeX(node) + (dx / length) * gap, (dy / length) * gap];
  };
  return [leave(start, RADIUS + 1), control, leave(end, RADIUS + 8)];
}

function edgeDrawing(cell, edge, choice) {
  const [start, end] = cell.edges[edge];
  const operation = cell.operations[choice];
  const points = edgePoints(start, end);
  const kind = operation === cell.absent ? "absent" : operation === cell.identity ? "identity" : "";
  const drawing = svg("g", { class: `edge ${kind}` }, svg("path", {
    d: `M${points[0]}Q${points[1]} ${points[2]}`,
  }));
  if (kind === "absent") return drawing;
  const colour = OPERATION_COLOURS[choice % OPERATION_COLOURS.length];
  drawing.style.setProperty("--operation", colour);
  const [dx, dy] = [points[2][0] - points[1][0], points[2][1] - points[1][1]];
  const middle = (points[0][1] + 2 * points[1][1] + points[2][1]) / 4;
  const turn = (Math.atan2(dy, dx) * 180) / Math.PI;
  drawing.append(
    svg("path", {
      class: "arrow", d: "M-1,-5L8,0L-1,5Z", transform: `translate(${points[2]}) rotate(${turn})`,
    }),
    svg("text", { x: points[1][0], y: middle - 7 }, operation));
  return drawing;
}

function cellDrawing(cell, genotype) {
  const bends = cell.edges.map(([start, end]) => bend(start, end));
  const [top, bottom] = [Math.min(...bends, 0) - 34, Math.max(...bends, 0) + 24];
  const last = cell.n_nodes - 1;
  const nodes = Array.from({ length: cell.n_nodes }, (_, node) => svg("g", { class: "node" },
    svg("circle", { cx: nodeX(node), cy: 0, r: RADIUS }),
    svg("text", { x: nodeX(node), y: 4 }, { 0: "in", [last]: "out" }[node] ?? String(node))));
  const operations = genotype.map((choice, edge) =>
    `${cell.edges[edge].join(" to ")}: ${cell.operations[choice]}`);
  const width = nodeX(last) + RADIUS + 2;
  return svg("svg", {
    class: "cell", viewBox: `0 ${top} ${width} ${bottom - top}`, role: "img",
    "aria-label": `Cell. ${operations.join("; ")}`,
  }, ...genotype.map((choice, edge) => edgeDrawing(cell, edge, choice)), ...nodes);
}
