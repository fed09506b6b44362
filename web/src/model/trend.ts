// Counts over time as a line. The slot that is still open has too few of them: it
// would end every line with a plunge.
import type { Period } from '../api/types'
import { parseMillis } from './time'
import type { EpochMilliseconds, Ratio } from './units'

const minute = 60e3

/** How much of the last slot of a period has passed. Slots are whole minutes, as many in each as are needed. */
export function lastSlotPassed(period: Period, slots: number, now: EpochMilliseconds): Ratio {
  const start = parseMillis(period.start)
  const width = Math.ceil((parseMillis(period.end) - start) / minute / slots) * minute
  return (now - start - (slots - 1) * width) / width
}

/** The last count as the whole slot will have it at this pace; nothing before half of it has passed, unless it is all there is. */
export function paced(counts: number[], passed: Ratio): (number | null)[] {
  const last = counts.at(-1)
  if (last === undefined || passed >= 1 || counts.length === 1) return counts
  const before = counts.slice(0, -1)
  if (before.every((count) => count === 0)) return counts
  return [...before, passed < 0.5 ? null : last / passed]
}
