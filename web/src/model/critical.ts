// Where the time of a flow went: the critical path, added up per service.
import type { CriticalSegment, NodeId } from '../api/types'
import type { Nanoseconds, Ratio } from './units'

export interface ServiceShare {
  service: NodeId
  duration: Nanoseconds
  share: Ratio
  segments: number
}

export function sharesByService(path: CriticalSegment[]): ServiceShare[] {
  const shares = new Map<NodeId, ServiceShare>()
  let total = 0
  for (const { service, duration } of path) {
    const s = shares.get(service) ?? { service, duration: 0, share: 0, segments: 0 }
    s.duration += duration
    s.segments++
    shares.set(service, s)
    total += duration
  }
  for (const s of shares.values()) s.share = total > 0 ? s.duration / total : 0
  return [...shares.values()].sort((a, b) => b.duration - a.duration)
}
