// How wide text will be, so that boxes fit their names before they are drawn.
import type { Pixels } from '../model/units'

let context: CanvasRenderingContext2D | null = null

export function textWidth(text: string, font: string): Pixels {
  context ??= document.createElement('canvas').getContext('2d')
  if (!context) return text.length * 7
  context.font = font
  return context.measureText(text).width
}

/** The text, cut with an ellipsis where it would be wider than there is room. */
export function fitText(text: string, font: string, room: Pixels): string {
  if (textWidth(text, font) <= room) return text
  let kept = text.length
  while (kept > 1 && textWidth(`${text.slice(0, kept)}…`, font) > room) kept--
  return `${text.slice(0, kept)}…`
}
