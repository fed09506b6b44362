// Outlines of graph nodes: the shape says what kind of thing a node is.
import type { NodeKind } from '../api/types'
import type { Pixels } from '../model/units'

/** Height of the ellipse that makes a database a cylinder. */
const lid: Pixels = 6

/** The outline of a node centred on 0,0. */
export function nodeShape(kind: NodeKind, width: Pixels, height: Pixels): string {
  const x = width / 2
  const y = height / 2
  switch (kind) {
    case 'database':
      return `M${-x} ${-y + lid}C${-x} ${-y - lid / 3} ${x} ${-y - lid / 3} ${x} ${-y + lid}V${y - lid}C${x} ${y + lid / 3} ${-x} ${y + lid / 3} ${-x} ${y - lid}Z`
    case 'queue':
      return `M${-x + 10} ${-y}H${x}L${x - 10} ${y}H${-x}Z`
    case 'external':
      return rounded(x, y, y)
    default:
      return rounded(x, y, 8)
  }
}

function rounded(x: Pixels, y: Pixels, r: Pixels): string {
  return `M${-x + r} ${-y}H${x - r}A${r} ${r} 0 0 1 ${x} ${-y + r}V${y - r}A${r} ${r} 0 0 1 ${x - r} ${y}H${-x + r}A${r} ${r} 0 0 1 ${-x} ${y - r}V${-y + r}A${r} ${r} 0 0 1 ${-x + r} ${-y}Z`
}
