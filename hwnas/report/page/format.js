// Numbers, headings and colours.

const UNKNOWN = "–";
const BETTER = { max: "higher is better", min: "lower is better" };
/** @type {[number, string, number][]} least value, suffix, divisor */
const SCALES = [[1e9, "G", 1e9], [1e6, "M", 1e6], [1e4, "k", 1e3]];
// Viridis (Smith and van der Walt 2015): readable with any kind of colour vision.
const VIRIDIS = ["#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c", "#22a884",
  "#44bf70", "#7ad151", "#bddf26", "#fde725"];

/**
 * One scale and number of decimals for a whole column, so that its numbers line up.
 * @param {number} column
 */
function columnFormat(column) {
  const sizes = knownOf(column).map(Math.abs).filter((size) => size > 0);
  if (!sizes.length) return { divisor: 1, suffix: "", decimals: 0 };
  const largest = Math.max(...sizes);
  const smallest = Math.min(...sizes);
  const [, suffix, divisor] = SCALES.find(([least]) => largest >= least) ?? [0, "", 1];
  /** @param {number} size */
  const magnitude = (size) => Math.floor(Math.log10(size / divisor));
  // Four digits of the largest value, but never fewer than two of the smallest.
  const decimals = Math.max(3 - magnitude(largest), 1 - magnitude(smallest), 0);
  return { divisor, suffix, decimals: Math.min(decimals, suffix ? 3 : 5) };
}

const formats = columns.map((_, column) => columnFormat(column));

/** @param {number | null} value @param {number} column */
function formatNumber(value, column) {
  if (value === null) return UNKNOWN;
  const { divisor, suffix, decimals } = at(formats, column);
  // Too small for the column's decimals: an exponent rather than a zero that is none.
  if (value !== 0 && Math.abs(value / divisor) < 0.5 * 10 ** -decimals) {
    return value.toExponential(1);
  }
  return (value / divisor).toFixed(decimals) + (suffix && ` ${suffix}`);
}

/** @param {number | null} value @param {number} column */
function withItsUnit(value, column) {
  return `${formatNumber(value, column)} ${spec(column).unit}`.trim();
}

/**
 * The 90 % interval as text; empty where there is none.
 * @param {number} row
 * @param {number} column
 */
function formatInterval(row, column) {
  const [low, high] = [lower[row]?.[column] ?? null, upper[row]?.[column] ?? null];
  if (low === null && high === null) return "";
  return `${formatNumber(low, column)} to ${formatNumber(high, column)}`;
}

/** @param {Column} column */
function withUnit({ title, unit }) {
  return unit ? `${title} (${unit})` : title;
}

/**
 * Text as plotly shows it literally: its labels know a few tags and entities.
 * @param {string} text
 */
function plain(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** @param {string} name */
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const darkScheme = matchMedia("(prefers-color-scheme: dark)");

/** @param {string} from @param {string} to @param {number} share */
function mix(from, to, share) {
  /** @param {string} colour @param {number} start */
  const channel = (colour, start) => Number.parseInt(colour.slice(start, start + 2), 16);
  const mixed = [1, 3, 5].map((start) =>
    Math.round(channel(from, start) + share * (channel(to, start) - channel(from, start))));
  return `rgb(${mixed.join(",")})`;
}

/**
 * Colour at a share (0 to 1) of the scale, whose end next to the background is left out.
 * @param {number} share
 */
function scaleColour(share) {
  const [start, end] = darkScheme.matches ? [0.2, 1] : [0, 0.87];
  const place = (start + share * (end - start)) * (VIRIDIS.length - 1);
  const below = Math.min(Math.floor(place), VIRIDIS.length - 2);
  return mix(at(VIRIDIS, below), at(VIRIDIS, below + 1), place - below);
}

/** @returns {[number, number] | null} */
function colourRange() {
  const known = state.colour === null ? [] : knownOf(state.colour);
  return known.length ? [Math.min(...known), Math.max(...known)] : null;
}

/** Colour of every architecture by the chosen column; grey where that is unknown. */
function archColours() {
  if (state.colour === null) return archs.map(() => scaleColour(0.35));
  const [least, most] = colourRange() ?? [0, 0];
  return valuesOf(state.colour).map((value) => {
    if (value === null) return css("--unknown");
    return scaleColour(most > least ? (value - least) / (most - least) : 0.5);
  });
}
