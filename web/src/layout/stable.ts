// Keeps a graph where it was while it changes: what is placed stays, a few new
// nodes find a free place near their callers, and only a graph that has really
// grown is laid out anew.
import { edgeId } from '../model/graph'
import type { LayoutRequest, Placed } from './layered'
import type { Point } from './curve'

/** Laid out anew when more than this share of the nodes has no place yet. */
const mostlyNew = 0.2

/** Whether what was placed still serves: then only the few new nodes need a place. */
export function canKeep(placed: Placed, { boxes }: LayoutRequest): boolean {
  const fresh = boxes.filter((box) => !isPlaced(placed, box.id)).length
  return fresh <= boxes.length * mostlyNew
}

export function isComplete(placed: Placed, { boxes }: LayoutRequest): boolean {
  return boxes.every((box) => isPlaced(placed, box.id))
}

/** A node may be called "constructor". */
function isPlaced(placed: Placed, id: string): boolean {
  return Object.hasOwn(placed.nodes, id)
}

/** Adds new boxes right of their callers (else left of their callees), in the first row that is free. */
export function extend(placed: Placed, request: LayoutRequest): Placed {
  const next: Placed = { ...placed, nodes: { ...placed.nodes } }
  for (const box of request.boxes) {
    if (isPlaced(next, box.id)) continue
    const start = beside(next, request, box.id)
    const rowHeight = box.height + 18
    for (let row = 0; ; row++) {
      const y = start.y + (row % 2 ? 1 : -1) * Math.ceil(row / 2) * rowHeight
      if (y - box.height / 2 < 0 || isTaken(next, request, { x: start.x, y }, box.width, box.height)) continue
      next.nodes[box.id] = { x: start.x, y }
      next.width = Math.max(next.width, start.x + box.width / 2 + 16)
      next.height = Math.max(next.height, y + box.height / 2 + 16)
      break
    }
  }
  return next
}

/** Distance between columns where there is no other to learn it from. */
const columnWidth = 230

function beside(placed: Placed, { lines }: LayoutRequest, id: string): Point {
  const caller = lines.find((l) => l.to === id && isPlaced(placed, l.from))
  const callee = lines.find((l) => l.from === id && isPlaced(placed, l.to))
  const from = placed.nodes[caller?.from ?? '']
  if (from) return { x: from.x + columnWidth, y: from.y }
  const to = placed.nodes[callee?.to ?? '']
  if (to) return { x: Math.max(100, to.x - columnWidth), y: to.y }
  return { x: 100, y: placed.height }
}

/** Whether a box would meet another, or the place of one that is gone and may come back. */
function isTaken(placed: Placed, { boxes }: LayoutRequest, at: Point, width: number, height: number): boolean {
  const widths = new Map(boxes.map((box) => [box.id, box.width]))
  const widest = Math.max(...widths.values()) // how wide the one that is gone was is not known
  return Object.entries(placed.nodes).some(([id, place]) => Math.abs(place.x - at.x) < (width + (widths.get(id) ?? widest)) / 2 + 8 && Math.abs(place.y - at.y) < height + 8)
}

/** The bends of an edge: the layout's own, or a plain curve between nodes that it did not join. */
export function route(placed: Placed, edge: { from: string; to: string }, widths: (id: string) => number): { points: Point[]; label: Point } | null {
  const known = placed.edges[edgeId(edge)]
  if (known) return known
  const from = placed.nodes[edge.from]
  const to = placed.nodes[edge.to]
  if (!from || !to) return null
  const right = from.x <= to.x ? 1 : -1
  const start = { x: from.x + (right * widths(edge.from)) / 2, y: from.y }
  const end = { x: to.x - (right * widths(edge.to)) / 2, y: to.y }
  const middle = { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 }
  return { points: [start, { x: middle.x, y: start.y }, { x: middle.x, y: end.y }, end], label: middle }
}
