// What a process says of itself, in words: whether it records, what it keeps
// and for how long, what it lost.
import type { ProcessStatus } from '../api/types'
import { formatAge, formatBytes, formatCount, plural } from './format'
import type { Ratio } from './units'

export interface HealthFact {
  id: string
  term: string
  value: string
  tone: '' | 'warn'
}

export function healthFacts(s: ProcessStatus): HealthFact[] {
  const plain = (id: string, term: string, value: string): HealthFact => ({ id, term, value, tone: '' })
  return [
    plain('uptime', 'Up', formatAge(s.uptimeSeconds)),
    plain('goroutines', 'Goroutines', formatCount(s.goroutines)),
    plain('heap', 'Heap', formatBytes(s.heapBytes)),
    plain('active', 'In flight', plural(s.flowsActive, 'flow')),
    { id: 'dropped', term: 'Dropped', value: plural(s.flowsDropped, 'flow'), tone: s.flowsDropped > 0 ? 'warn' : '' },
  ]
}

/** Retention, said aloud: which flows can still be seen. */
export function historySentence(s: ProcessStatus): string {
  const kept = plural(s.flowsKept, 'flow')
  if (s.flowsTotal === 0) return 'No flow has been recorded yet'
  if (s.sampler !== 'all') return `${formatCount(s.flowsKept)} of ${plural(s.flowsTotal, 'flow')} are kept, chosen by the sampler (${s.sampler}), the oldest making room`
  if (s.flowsKept + s.flowsActive >= s.flowsTotal) return s.flowsKept === 1 ? 'The one flow since the start is kept' : `All ${kept} since the start are kept`
  return `The newest ${s.flowsKept === 1 ? 'flow is' : `${kept} are`} kept, older ones made room`
}

/** Whether the process records, said aloud: an invisible pause misleads. */
export function recordingSentence(s: ProcessStatus): string {
  if (!s.enabled) return 'Recording is switched off'
  return s.sampler === 'all' ? 'Recording every flow' : `Recording by sampler: ${s.sampler}`
}

/** How full the history is, by the limit that it comes up against first. */
export function historyUse(s: ProcessStatus): { share: Ratio; text: string } {
  const limit = s.flowsLimit ?? 0
  const flows = limit > 0 ? s.flowsKept / limit : 0
  const bytes = s.historyLimitBytes > 0 ? s.historyBytes / s.historyLimitBytes : 0
  const share = Math.min(1, Math.max(flows, bytes))
  if (limit > 0 && flows >= bytes) return { share, text: `${formatCount(s.flowsKept)} of ${plural(limit, 'flow')}` }
  return { share, text: formatBytes(s.historyBytes) + (bytes ? ` of ${formatBytes(s.historyLimitBytes)}` : '') }
}
