// Round numbers along an axis.

/** About `wanted` ticks from `from` to `to`, at 1, 2 or 5 times a power of ten. */
export function ticks(from: number, to: number, wanted: number): number[] {
  const span = to - from
  if (!(span > 0) || wanted < 1) return []
  const rough = span / wanted
  const power = 10 ** Math.floor(Math.log10(rough))
  const factor = [1, 2, 5, 10].find((f) => f * power >= rough) ?? 10
  const step = factor * power
  const found: number[] = []
  for (let n = Math.ceil(from / step); n * step <= to; n++) found.push(n * step)
  return found
}
