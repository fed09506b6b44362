// Where the time of a flow went: the critical path, added up per service, or
// per step where one service did all of it.
import type { CriticalSegment, NodeId } from '../api/types'
import type { Nanoseconds, Ratio } from './units'

export interface Share {
  /** What the time is added up for: a service's id, or a step's name and whom it called. */
  key: string
  name: string
  peer: string
  service: NodeId
  duration: Nanoseconds
  share: Ratio
  segments: number
}

export function sharesByService(path: CriticalSegment[]): Share[] {
  return sharesBy(path, (segment) => segment.service)
}

export function sharesByStep(path: CriticalSegment[], peerOf: (spanId: string) => string = () => ''): Share[] {
  return sharesBy(path, (segment) => segment.name, peerOf)
}

function sharesBy(path: CriticalSegment[], nameOf: (segment: CriticalSegment) => string, peerOf: (spanId: string) => string = () => ''): Share[] {
  const shares = new Map<string, Share>()
  let total = 0
  for (const segment of path) {
    const { service, duration } = segment
    const name = nameOf(segment)
    const peer = peerOf(segment.spanId)
    const key = peer ? `${name} ${peer}` : name
    const s = shares.get(key) ?? { key, name, peer, service, duration: 0, share: 0, segments: 0 }
    s.duration += duration
    s.segments++
    shares.set(key, s)
    total += duration
  }
  for (const s of shares.values()) s.share = total > 0 ? s.duration / total : 0
  return [...shares.values()].sort((a, b) => b.duration - a.duration)
}
