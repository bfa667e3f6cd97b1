// What the page's scripts share: the data that Python writes into the page, and the reader's
// choices. For the type check alone; the page holds none of it.

type Value = number | null;
type Point = [number, number];
type Attributes = Record<string, string | number | boolean>;

interface Column {
  column: string;
  unit: string;
  direction: "min" | "max";
  source: string;
  title: string;
  detail: string;
  is_quality: boolean;
  least: Value;
  most: Value;
}

interface Cell {
  edges: [number, number][];
  operations: string[];
  absent: string;
  identity: string;
  n_nodes: number;
}

interface Block {
  name: string;
  choices: [string, string][];
  stage: string;
  is_skipped: boolean;
}

interface EarlierFront {
  share_pct: number;
  n_evaluated: number;
  values: Value[][];
}

interface Band {
  mean: number[];
  low: number[] | null;
  high: number[] | null;
}

interface Contender {
  label: string;
  evaluations: number[];
  gap: Band;
  volume: Band;
}

/** What `hwnas.report.data.payload` writes, and `comparison_page` for two runs. */
interface PageData {
  schema: number;
  columns: Column[];
  n_objectives: number;
  axes: { x: number; y: number; colour: number | null };
  archs: string[];
  values: Value[][];
  lower: Value[][];
  upper: Value[][];
  // Of one run:
  choice: { pick: number | null; runner_up: number | null; order: number[] };
  run: string;
  limits: { column: number; relation: "<=" | ">="; bound: number }[];
  earlier: EarlierFront[];
  history: [number, Value][];
  cell: Cell | null;
  genotypes: number[][];
  blocks: Block[];
  strips: number[][];
  // Of two:
  comparison: { sides: string[]; side_of: number[]; numbers: number[]; dominated: boolean[] };
  // Of two and more:
  curves: { contenders: Contender[]; floor_pct: number };
}

interface State {
  x: number;
  y: number;
  colour: number | null;
  intervals: boolean;
  earlier: boolean;
  selected: number | null;
  brushes: Map<number, [number, number]>;
  limits: Map<number, number>;
  pick: number | null;
  runnerUp: number | null;
  shown: boolean[];
  sort: { column: number | null; descending: boolean };
}

interface Hooks {
  select: (row: number) => void;
  rowHeading: string;
  rowLabel: (row: number) => string[];
  csvLead: (row: number) => (string | number)[];
  csvHeads: string[];
}

interface Scale {
  low: number;
  high: number;
  toPixel: (value: number) => number;
  toValue: (pixel: number) => number;
}

interface PlotElement extends HTMLElement {
  on: (
    event: "plotly_click",
    told: (event: { points: { curveNumber: number; pointIndex: number }[] }) => void,
  ) => void;
}

declare const Plotly: {
  react: (plot: HTMLElement, traces: object[], layout: object, config: object) => void;
  restyle: (plot: string, changes: object, traces: number[]) => void;
};
