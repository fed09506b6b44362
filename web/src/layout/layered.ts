// Layered layout of a flow graph by dagre. Runs in a worker; pure, so that
// tests and other threads can call it too.
import { Graph, layout } from '@dagrejs/dagre'
import { onLine, type Point } from './curve'
import type { Pixels } from '../model/units'

export interface Box {
  id: string
  width: Pixels
  height: Pixels
}

export interface Line {
  from: string
  to: string
  /** Room that the label takes. */
  labelWidth: Pixels
}

export interface Placed {
  /** Centres of the boxes. */
  nodes: Record<string, Point>
  /** By "from→to": the bends of a line and where its label goes. */
  edges: Record<string, { points: Point[]; label: Point }>
  width: Pixels
  height: Pixels
}

export interface LayoutRequest {
  boxes: Box[]
  lines: Line[]
}

const labelHeight: Pixels = 16

/** Left to right, callers before callees. */
export function layered({ boxes, lines }: LayoutRequest): Placed {
  const g = new Graph({ directed: true })
  // Network simplex, dagre's default ranker, takes minutes on a thousand nodes; longest path takes milliseconds.
  g.setGraph({ rankdir: 'LR', ranker: 'longest-path', nodesep: 10, edgesep: 6, ranksep: 30, marginx: 14, marginy: 14 })
  g.setDefaultEdgeLabel(() => ({}))
  for (const { id, width, height } of boxes) g.setNode(nameOf(id), { width, height })
  for (const { from, to, labelWidth } of lines) {
    if (from !== to) g.setEdge(nameOf(from), nameOf(to), { width: labelWidth, height: labelHeight, labelpos: 'c' })
  }
  layout(g)
  return read(g)
}

// Dagre keeps nodes in plain objects: a bare "constructor" would meet the one every object has.
const nameOf = (id: string) => `:${id}`
const idOf = (name: string) => name.slice(1)

function read(g: Graph): Placed {
  const placed: Placed = { nodes: {}, edges: {}, width: g.graph().width ?? 0, height: g.graph().height ?? 0 }
  for (const name of g.nodes()) {
    const { x, y } = g.node(name) as Point
    placed.nodes[idOf(name)] = { x, y }
  }
  for (const { v, w } of g.edges()) {
    const edge = g.edge(v, w) as { points: Point[]; x?: number; y?: number }
    const middle = edge.points[Math.floor(edge.points.length / 2)] ?? { x: 0, y: 0 }
    placed.edges[`${idOf(v)}\u2192${idOf(w)}`] = { points: edge.points, label: { x: edge.x ?? middle.x, y: edge.y ?? middle.y } }
  }
  moveLabels(Object.values(placed.edges))
  return placed
}

/** Labels onto their lines, which bend past the places that dagre kept free, except where two would then meet. */
function moveLabels(edges: { points: Point[]; label: Point }[]): void {
  const moved = edges.map(({ points, label }) => onLine(points, label))
  const meets = (a: Point, b: Point) => Math.abs(a.x - b.x) < 64 && Math.abs(a.y - b.y) < labelHeight
  edges.forEach((edge, i) => {
    const place = moved[i]
    if (place && !moved.some((other, j) => j !== i && meets(place, other))) edge.label = place
  })
}
