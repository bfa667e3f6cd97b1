// The selected architecture: its cell or its blocks as a drawing, its string, its values.

// Okabe and Ito 2008: eight colours that stay apart with any kind of colour vision.
const OPERATION_COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
  "#8c6d31"];
const [RADIUS, STEP, RISE] = [15, 134, 54];

/** The architecture that is clicked, or else the pick. */
function drawDetail() {
  const row = state.selected ?? state.pick;
  const hint = state.selected === null
    ? [element("p", { class: "hint" },
      "Click a point, a line or a row of the table to see its architecture here.")] : [];
  if (row === null) {
    byId("detail").replaceChildren(...hint);
    return;
  }
  const rank = rankOf(row);
  byId("detail").replaceChildren(
    element("p", { class: "which" }, element("b", {}, `Row ${row + 1}`), rank && ` ${rank}`),
    ...hint,
    report.cell === null ? strip(row) : cellDrawing(report.cell, at(report.genotypes, row)),
    copied(at(archs, row), "the architecture", breakable(at(archs, row))),
    ...(report.run ? [copiedCommand(exportCommand(row))] : []),
    element("dl", { class: "values" }, ...columns.map((_, column) => valueFact(row, column))));
}

/** @param {number} row @param {number} column */
function valueFact(row, column) {
  const interval = formatInterval(row, column);
  const notes = [interval && `${interval} (90 %)`, spec(column).source].filter(Boolean).join(" · ");
  return element("div", {}, element("dt", {}, spec(column).title),
    element("dd", {}, withItsUnit(valueAt(row, column), column), element("small", {}, notes)));
}

/** Blocks from input to output, those of a stage together. @param {number} row */
function strip(row) {
  /** @type {{title: string, blocks: Block[]}[]} */
  const stages = [];
  for (const place of at(report.strips, row)) {
    const block = at(report.blocks, place);
    const last = stages[stages.length - 1];
    if (last && last.title === block.stage) last.blocks.push(block);
    else stages.push({ title: block.stage, blocks: [block] });
  }
  return element("div", { class: "strip", role: "group", "aria-label": "Blocks from input to output" },
    ...stages.map(({ title, blocks }) => element("div", { class: "stage" },
      ...(title ? [element("h3", {}, title)] : []),
      element("ol", {}, ...blocks.map(blockDrawing)))));
}

/** @param {Block} block */
function blockDrawing(block) {
  const choices = block.choices.map(([what, choice]) =>
    element("span", { class: choice === "off" ? "off" : "" }, what && `${what} `,
      element("b", {}, choice)));
  const skipped = block.is_skipped ? [element("span", {}, "skipped")] : [];
  return element("li", { class: block.is_skipped ? "block skipped" : "block" },
    element("small", {}, block.name), ...skipped, ...choices);
}

/**
 * How far an edge bends from the straight line, in pixels: longer edges bend more, and those
 * from odd nodes bend down.
 * @param {number} start
 * @param {number} end
 */
function bend(start, end) {
  const size = (end - start - 1) * RISE;
  return start % 2 ? size : -size;
}

/** @param {number} node */
function nodeX(node) {
  return RADIUS + 2 + node * STEP;
}

/**
 * Start, control and end point of an edge, clear of the nodes' circles.
 * @param {number} start
 * @param {number} end
 * @returns {[Point, Point, Point]}
 */
function edgePoints(start, end) {
  const height = bend(start, end);
  /** @type {Point} */
  const control = [(nodeX(start) + nodeX(end)) / 2, 2 * height];
  /** @param {number} node @param {number} gap @returns {Point} */
  const leave = (node, gap) => {
    const [dx, dy] = [control[0] - nodeX(node), control[1]];
    const length = Math.hypot(dx, dy);
    return [nodeX(node) + (dx / length) * gap, (dy / length) * gap];
  };
  return [leave(start, RADIUS + 1), control, leave(end, RADIUS + 8)];
}

/** @param {Cell} cell @param {number} edge @param {number} choice */
function edgeDrawing(cell, edge, choice) {
  const [start, end] = at(cell.edges, edge);
  const operation = at(cell.operations, choice);
  const [from, control, to] = edgePoints(start, end);
  const kind = operation === cell.absent ? "absent" : operation === cell.identity ? "identity" : "";
  const drawing = svg("g", { class: `edge ${kind}` },
    svg("path", { d: `M${from}Q${control} ${to}` }));
  if (kind === "absent") return drawing;
  const colour = at(OPERATION_COLOURS, choice % OPERATION_COLOURS.length);
  drawing.style.setProperty("--operation", colour);
  const turn = (Math.atan2(to[1] - control[1], to[0] - control[0]) * 180) / Math.PI;
  const middle = (from[1] + 2 * control[1] + to[1]) / 4;
  drawing.append(
    svg("path", {
      class: "arrow", d: "M-1,-5L8,0L-1,5Z", transform: `translate(${to}) rotate(${turn})`,
    }),
    svg("text", { x: control[0], y: middle - 7 }, operation));
  return drawing;
}

/** @param {Cell} cell @param {number[]} genotype */
function cellDrawing(cell, genotype) {
  const bends = cell.edges.map(([start, end]) => bend(start, end));
  const [top, bottom] = [Math.min(...bends, 0) - 34, Math.max(...bends, 0) + 24];
  const last = cell.n_nodes - 1;
  /** @param {number} node */
  const nodeName = (node) => (node === 0 ? "in" : node === last ? "out" : String(node));
  const nodes = Array.from({ length: cell.n_nodes }, (_, node) => svg("g", { class: "node" },
    svg("circle", { cx: nodeX(node), cy: 0, r: RADIUS }),
    svg("text", { x: nodeX(node), y: 4 }, nodeName(node))));
  const operations = genotype.map((choice, edge) =>
    `${at(cell.edges, edge).join(" to ")}: ${cell.operations[choice]}`);
  const width = nodeX(last) + RADIUS + 2;
  return svg("svg", {
    class: "cell", viewBox: `0 ${top} ${width} ${bottom - top}`, role: "img",
    "aria-label": `Cell. ${operations.join("; ")}`,
  }, ...genotype.map((choice, edge) => edgeDrawing(cell, edge, choice)), ...nodes);
}
