// Parallel coordinates of all columns. Drawn as SVG by hand: plotly's own need WebGL, hide
// unknown values and cannot bring one line to the front.

const [TOP, BOTTOM] = [12, 278]; // better and worse end of every axis, in pixels
const UNKNOWN_AT = BOTTOM + 28; // lines of architectures without a value pass here
const HEIGHT = values.some((row) => row.includes(null)) ? UNKNOWN_AT + 24 : BOTTOM + TOP;
const BRUSH_WIDTH = 28;
const DRAG = 4; // pixels below which a press is a click

const parallel = { lines: [], chosen: null, width: 0 };

function axisX(column) {
  return ((column + 0.5) / columns.length) * parallel.width;
}

/** Value and pixel both ways along an axis. */
function axisScale(column) {
  const known = knownOf(column);
  let [low, high] = known.length ? [Math.min(...known), Math.max(...known)] : [0, 1];
  if (low === high) [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  const [worst, best] = columns[column].direction === "max" ? [low, high] : [high, low];
  return {
    low,
    high,
    toPixel: (value) => BOTTOM + ((value - worst) / (best - worst)) * (TOP - BOTTOM),
    toValue: (pixel) => {
      // The ends exactly, or rounding would leave the best and the worst out of a brush.
      if (pixel <= TOP) return best;
      if (pixel >= BOTTOM) return worst;
      return worst + ((pixel - BOTTOM) / (TOP - BOTTOM)) * (best - worst);
    },
  };
}

/** About five round values within a range. */
function ticks(low, high) {
  const rough = (high - low) / 5;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((factor) => factor * unit >= rough);
  const found = [];
  for (let n = Math.ceil(low / step); n * step <= high; n += 1) found.push(n * step);
  return { step, found };
}

function tickLabel(value, step, column) {
  const { divisor, suffix } = formats[column];
  const decimals = Math.max(0, -Math.floor(Math.log10(step / divisor) + 1e-9));
  return decimals > 6 ? value.toExponential(1) : (value / divisor).toFixed(decimals) + suffix;
}

function linePath(row, scales) {
  return "M" + values[row].map((value, column) => {
    const y = value === null ? UNKNOWN_AT : scales[column].toPixel(value);
    return `${axisX(column).toFixed(1)},${y.toFixed(1)}`;
  }).join("L");
}

function drawAxis(column, scale) {
  const x = axisX(column);
  const { step, found } = ticks(scale.low, scale.high);
  const marks = found.map((value) =>
    svg("text", { x: x - 7, y: scale.toPixel(value) + 4, class: "tick" },
      tickLabel(value, step, column)));
  if (values.some((row) => row[column] === null)) {
    marks.push(svg("text", { x, y: UNKNOWN_AT + 18, class: "tick unknown" }, "unknown"));
  }
  const brush = svg("rect", { x: x - BRUSH_WIDTH / 4, width: BRUSH_WIDTH / 2, class: "brush" });
  const handle = svg("rect", {
    x: x - BRUSH_WIDTH / 2, y: 0, width: BRUSH_WIDTH, height: BOTTOM + TOP,
    class: "handle", "data-column": column,
  }, svg("title", {}, `Drag to filter by ${columns[column].title}`));
  listenForBrush(handle, brush, column, scale);
  placeBrush(brush, column, scale);
  return svg("g", {}, svg("line", { x1: x, x2: x, y1: TOP, y2: BOTTOM, class: "axis" }),
    brush, ...marks, handle);
}

function placeBrush(brush, column, scale) {
  const range = state.brushes.get(column);
  const [a, b] = range ? range.map(scale.toPixel) : [0, 0];
  brush.setAttribute("y", Math.min(a, b));
  brush.setAttribute("height", Math.abs(a - b));
}

function listenForBrush(handle, brush, column, scale) {
  let start = null;
  const pixel = (event) => {
    const y = event.clientY - handle.ownerSVGElement.getBoundingClientRect().top;
    return Math.min(Math.max(y, TOP), BOTTOM);
  };
  const drag = (event) => {
    if (start === null) return;
    const end = pixel(event);
    if (Math.abs(end - start) < DRAG) state.brushes.delete(column);
    else state.brushes.set(column, [start, end].map(scale.toValue).sort((a, b) => a - b));
    placeBrush(brush, column, scale);
    filter();
  };
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    start = pixel(event);
  });
  handle.addEventListener("pointermove", drag);
  handle.addEventListener("pointerup", (event) => {
    drag(event);
    start = null;
  });
  handle.addEventListener("pointercancel", () => { start = null; });
}

function drawParallel() {
  const box = document.getElementById("parallel");
  parallel.width = box.clientWidth;
  const scales = columns.map((_, column) => axisScale(column));
  const heads = element("div", { class: "heads" }, ...columns.map((spec) =>
    element("div", {}, element("b", {}, withUnit(spec)),
      element("small", {}, BETTER[spec.direction]))));
  const colours = archColours();
  parallel.lines = archs.map((_, row) =>
    svg("path", { d: linePath(row, scales), stroke: colours[row], "data-row": row }));
  parallel.chosen = svg("path", { class: "chosen" });
  const lines = svg("g", { class: "lines" }, ...parallel.lines);
  lines.addEventListener("click", (event) => select(Number(event.target.dataset.row)));
  box.replaceChildren(heads, svg("svg", { height: HEIGHT, width: parallel.width },
    lines, parallel.chosen, ...columns.map((_, column) => drawAxis(column, scales[column]))));
  dimLines();
  highlightLine();
}

function dimLines() {
  parallel.lines.forEach((line, row) => line.classList.toggle("off", !state.shown[row]));
}

function highlightLine() {
  if (state.selected === null) return;
  parallel.chosen.setAttribute("d", parallel.lines[state.selected].getAttribute("d"));
}
