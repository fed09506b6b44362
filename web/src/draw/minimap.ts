// The whole flow at a glance: one line per span, in call order, on a canvas.
import { hues } from '../model/palette'
import { flag, type Timeline } from '../model/timeline'
import type { Pixels } from '../model/units'

export interface MinimapStyle {
  lightness: string
  chroma: string
  bad: string
}

/** Reads the theme's colours: a canvas does not know custom properties. */
export function minimapStyle(element: Element): MinimapStyle {
  const style = getComputedStyle(element)
  return {
    lightness: style.getPropertyValue('--service-l').trim(),
    chroma: style.getPropertyValue('--service-c').trim(),
    bad: style.color, // the element is styled in the colour of errors
  }
}

export function drawMinimap(canvas: HTMLCanvasElement, t: Timeline, slot: (tint: string) => number, style: MinimapStyle, width: Pixels, height: Pixels): void {
  const scale = devicePixelRatio
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  const context = canvas.getContext('2d')
  if (!context) return
  context.scale(scale, scale)
  const colors = hues.map((hue) => `oklch(${style.lightness} ${style.chroma} ${hue})`)
  const pad = 3
  const pitch = Math.min(5, (height - 2 * pad) / Math.max(1, t.count))
  for (let i = 0; i < t.count; i++) {
    const failed = (t.flags[i] ?? 0) & flag.error
    context.fillStyle = failed ? style.bad : (colors[slot(t.tints[i] ?? '')] ?? style.bad)
    const x = ((t.start[i] ?? 0) / t.extent) * width
    const length = Math.max(1.5, ((t.duration[i] ?? 0) / t.extent) * width)
    context.fillRect(x, pad + i * pitch, length, Math.max(1, pitch - 1))
  }
}
