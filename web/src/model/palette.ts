// A colour slot per service (or per step, where all is one service), the same on every screen. The slot comes from the
// name, moved on to the next free one where two names meet, so that a service
// keeps its colour while neighbours differ.
import type { NodeId } from '../api/types'
import { shortName } from './node'

/** Hues in degrees (OKLCH). Red and amber are left out: they mean errors. */
export const hues = [255, 165, 320, 205, 125, 285, 345, 185, 230, 145, 300, 100] as const

/** More names than this are no longer remembered: then colours are given out anew. */
const most = 10_000

export class Palette {
  readonly #slots = new Map<NodeId, number>()
  #taken = new Set<number>()

  slot(id: NodeId): number {
    const known = this.#slots.get(id)
    if (known !== undefined) return known
    if (this.#slots.size === most) this.#slots.clear()
    if (this.#taken.size === hues.length) this.#taken = new Set()
    let slot = hash(shortName(id)) % hues.length
    while (this.#taken.has(slot)) slot = (slot + 1) % hues.length
    this.#taken.add(slot)
    this.#slots.set(id, slot)
    return slot
  }

  /** The colour of a service, or of a step as CSS; lightness and chroma come from the theme. */
  color(id: NodeId): string {
    return `oklch(var(--service-l) var(--service-c) ${hues[this.slot(id)]})`
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}
