// The call sequence of a flow: one numbered hop per visit to a service, and
// below it what the service did, in call order.
import type { NodeId, SequenceStep } from '../api/types'

export interface Hop {
  type: 'hop'
  /** 1 for the first service; a hop that goes on after a call elsewhere keeps its number. */
  number: number
  service: NodeId
  pod: string
  level: number
  /** Whether the service goes on after a call to another one returned. */
  resumed: boolean
  key: string
}

export interface Call {
  type: 'call'
  step: SequenceStep
  level: number
  /** How deep below the hop's first call. */
  indent: number
  key: string
}

export type SequenceRow = Hop | Call

interface Visit {
  number: number
  level: number
  depth: number
}

/** "client"; empty for a span whose kind nobody said. */
export function kindName(kind: string): string {
  const name = kind.replace(/^SPAN_KIND_/, '').toLowerCase()
  return name === 'unspecified' ? '' : name
}

/** Hops nest as calls between services do; calls within a service are indented below their hop. */
export function sequenceRows(steps: SequenceStep[]): SequenceRow[] {
  const rows: SequenceRow[] = []
  const visits = new Map<string, Visit>() // by span id: the hop that the span belongs to
  const services = new Map(steps.map((s) => [s.spanId, s.service]))
  let current: Visit | null = null
  let hops = 0
  for (const step of steps) {
    const parent = visits.get(step.parentSpanId)
    const entered = !parent || services.get(step.parentSpanId) !== step.service
    const visit: Visit = entered ? { number: ++hops, level: parent ? parent.level + 1 : 0, depth: step.depth } : parent
    visits.set(step.spanId, visit)
    if (visit !== current) {
      rows.push({ type: 'hop', number: visit.number, service: step.service, pod: step.pod, level: visit.level, resumed: !entered, key: `hop ${step.step}` })
      current = visit
    }
    rows.push({ type: 'call', step, level: visit.level, indent: Math.max(0, step.depth - visit.depth), key: `call ${step.step}` })
  }
  return rows
}
