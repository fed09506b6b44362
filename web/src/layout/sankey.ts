// Where the steps and links of a Sankey diagram go, by d3-sankey.
import { sankey, sankeyLeft, type SankeyLink, type SankeyNode } from 'd3-sankey'
import type { Sankey } from '../model/sankey'
import type { Pixels } from '../model/units'

export interface PlacedStep {
  x: Pixels
  y: Pixels
  height: Pixels
  /** The lower part of the height, which leads nowhere: own time. */
  own: Pixels
}


export interface PlacedSankey {
  width: Pixels
  height: Pixels
  steps: PlacedStep[]
  /** Outlines: a line as thick as these would cross itself where it bends. */
  links: string[]
}

export const stepWidth: Pixels = 12

/** Room for a name beside its step, and for two lines of text between two steps. */
export const columnRoom: Pixels = 166
const rowRoom: Pixels = 34

/** Time is drawn no taller than this, or a flow of one step would be a wall, and no smaller, or it could not be compared. */
const tallest: Pixels = 420
const smallest: Pixels = 160
const margin: Pixels = 20

/** A link without width would not be seen. */
const thinnest: Pixels = 1

interface Datum {
  index: number
  fixedValue: number
}

/** Places a diagram in a box, or in a larger one where names would not fit. */
export function placeSankey(diagram: Sankey, box: { width: Pixels; height: Pixels }): PlacedSankey {
  if (diagram.steps.length === 0) return { ...box, steps: [], links: [] }
  const columns = Math.max(1, ...diagram.steps.map((s) => s.depth + 1))
  const rows = Math.max(1, ...countBy(diagram.steps.map((s) => s.depth)))
  const gaps = (rows - 1) * rowRoom
  const used = Math.min(tallest, Math.max(smallest, box.height - 2 * margin - gaps)) + gaps
  const width = Math.max(box.width, columns * columnRoom + margin)
  const height = Math.max(box.height, used + 2 * margin)
  const top = (height - used) / 2
  const { nodes, links } = sankey<Datum, object>()
    .nodeAlign(sankeyLeft)
    .nodeSort(null as never) // call order; the types do not know that null keeps it
    .nodeWidth(stepWidth)
    .nodePadding(rowRoom)
    .iterations(12)
    .extent([[margin, top], [Math.max(2 * margin, width - columnRoom), top + used]])({
    nodes: diagram.steps.map((step, index) => ({ index, fixedValue: step.value })),
    links: diagram.links.map(({ from, to, value }) => ({ source: from, target: to, value })),
  })
  return {
    width,
    height,
    steps: nodes.map((node, i) => placed(node, diagram.steps[i]?.self ?? 0)),
    links: links.map(ribbon),
  }
}

function placed(node: SankeyNode<Datum, object>, self: number): PlacedStep {
  const height = (node.y1 ?? 0) - (node.y0 ?? 0)
  // A single column has no distance to the next one.
  const x = Number.isFinite(node.x0) ? (node.x0 ?? 0) : margin
  return { x, y: node.y0 ?? 0, height, own: node.fixedValue > 0 ? height * (self / node.fixedValue) : 0 }
}

function ribbon({ source, target, y0 = 0, y1 = 0, width = 0 }: SankeyLink<Datum, object>): string {
  const from = (source as SankeyNode<Datum, object>).x1 ?? 0
  const to = (target as SankeyNode<Datum, object>).x0 ?? 0
  const half = Math.max(thinnest, width) / 2
  const middle = round((from + to) / 2)
  const [a, b, c, d] = [y0 - half, y1 - half, y1 + half, y0 + half].map(round)
  return `M${round(from)} ${a}C${middle} ${a} ${middle} ${b} ${round(to)} ${b}V${c}C${middle} ${c} ${middle} ${d} ${round(from)} ${d}Z`
}

const round = (value: number) => Math.round(value * 10) / 10

function countBy(values: number[]): number[] {
  const counts: number[] = []
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts.map((count) => count ?? 0)
}
