// The boxes that limit columns, and the command that chooses under the same limits.

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?([kKMG]?)$/;
/** @type {Record<string, number>} */
const MULTIPLES = { "": 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9 };

const firstPick = [...byId("pick").childNodes];

/** @param {string} text a number, perhaps with k, M or G @returns {number | null} */
function numberOf(text) {
  const match = NUMBER.exec(text.trim());
  if (match === null) return null;
  const multiple = match[3] ?? "";
  const number = Number(text.trim().slice(0, multiple ? -1 : undefined)) *
    (MULTIPLES[multiple] ?? 1);
  return Number.isFinite(number) ? number : null;
}

/**
 * What is wrong with a bound, by the rule of `hwnas select`; empty if nothing is.
 * @param {number} column
 * @param {number | null} bound
 */
function problemOf(column, bound) {
  if (bound === null) return "must be a number, such as 4.5";
  const { least, most } = spec(column);
  if (least !== null && most !== null) {
    return bound < least || bound > most ? `must be from ${least} to ${most}` : "";
  }
  const isUpper = relationOf(column) === "<=";
  if (least !== null && (bound < least || (isUpper && bound === least))) return `must be above ${least}`;
  if (most !== null && (bound > most || (!isUpper && bound === most))) return `must be below ${most}`;
  return "";
}

/**
 * What may be meant otherwise in a bound: a share in place of a percentage; empty if nothing.
 * @param {number} column
 * @param {number} bound
 */
function doubtAbout(column, bound) {
  const { unit, most } = spec(column);
  // Only what the user's own columns can be is unknown.
  if (unit !== "%" || most === null || bound <= 0 || bound > 1) return "";
  return `is a bound of ${bound} %: accuracies and the like are in percent, from 0 to 100. ` +
    `Was ${Number((100 * bound).toFixed(9))} meant?`;
}

/** A word as a shell reads it back. @param {string} word */
function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, `'"'"'`)}'`;
}

/** @param {number} column @param {number} bound */
const limitText = (column, bound) => `${spec(column).column}${relationOf(column)}${bound}`;

function selectCommand() {
  const limits = sortedLimits()
    .map(([column, bound]) => `--constraint ${quoted(limitText(column, bound))}`);
  return ["hwnas select", quoted(report.run), ...limits].join(" ");
}

/** @param {number} row */
function exportCommand(row) {
  return `hwnas export ${quoted(`${report.run}#${row + 1}`)} --out model.onnx`;
}

/** Which architecture to ship under the limits, and why. @returns {(Node | string)[]} */
function pickWords() {
  if (!state.limits.size) return firstPick;
  const limits = LIST.format(sortedLimits().map((each) => limitWords(...each)));
  const hasEnds = [...state.limits.keys()].some((column) =>
    (relationOf(column) === "<=" ? upper : lower).some((row) => row[column] !== null));
  const how = hasEnds ? ", to the end of its 90 % interval" : "";
  if (state.pick === null) {
    const why = archs.some((_, row) => keepsAll(row)) ? "Loosen a limit." : whyNothing();
    return [element("b", {}, "Nothing to pick"), `No architecture on the front has ${limits}${how}. ` +
      `${why} Or search with the limits as constraints.`];
  }
  const n = ranked().length;
  const among = n === 1 ? "The only one" : `The best ${spec(leadingColumn()).title} of the ${n}`;
  const other = state.runnerUp === null ? "" : ` Runner-up: row ${state.runnerUp + 1}.`;
  return [element("b", {}, `Pick: row ${state.pick + 1} of ${archs.length}`),
    `${among} with ${limits}${how}.${other}`];
}

function drawPick() {
  byId("pick").replaceChildren(...pickWords());
  if (report.run) byId("select-command").replaceChildren(copiedCommand(selectCommand()));
}

/** @param {number} column */
function limitBox(column) {
  const { title, unit, detail } = spec(column);
  const isUpper = relationOf(column) === "<=";
  const known = knownOf(column);
  const id = `limit-${column}`;
  const box = element("input", {
    id, type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false",
    "aria-describedby": `${id}-problem`, disabled: "",
  });
  if (known.length) {
    box.disabled = false;
    const ends = new Set([Math.min(...known), Math.max(...known)]);
    box.placeholder = [...ends].map((end) => formatNumber(end, column)).join(" to ");
  }
  const problem = element("span", { id: `${id}-problem`, class: "problem", role: "alert" });
  box.addEventListener("input", () => {
    const bound = numberOf(box.value);
    const words = box.value.trim() ? problemOf(column, bound) : "";
    box.setAttribute("aria-invalid", String(words !== ""));
    problem.textContent = words || (bound === null ? "" : doubtAbout(column, bound));
    if (words || bound === null) state.limits.delete(column);
    else state.limits.set(column, bound);
    refresh();
  });
  return element("div", { class: "limit" },
    element("label", { for: id, title: detail || title }, title,
      element("small", {}, `at ${isUpper ? "most" : "least"}${unit && `, ${unit}`}`)),
    box, problem);
}

function drawLimits() {
  const form = byId("limits");
  form.append(...columns.map((_, column) => limitBox(column)));
  // There is nowhere to send it.
  form.addEventListener("submit", (event) => event.preventDefault());
}

function clearLimits() {
  state.limits.clear();
  for (const box of byId("limits").querySelectorAll("input")) {
    box.value = "";
    box.removeAttribute("aria-invalid");
  }
  for (const problem of byId("limits").querySelectorAll(".problem")) problem.textContent = "";
}
