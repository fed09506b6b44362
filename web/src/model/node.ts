// What a node id says: "namespace/name" or "name" for a service, and
// "database:name", "queue:name", "external:name" for what has no spans of its own.
import type { NodeId, NodeKind } from '../api/types'

const virtualKinds: NodeKind[] = ['database', 'queue', 'external']

export function kindOf(id: NodeId): NodeKind {
  return virtualKinds.find((kind) => id.startsWith(`${kind}:`)) ?? 'service'
}

export function isService(id: NodeId): boolean {
  return id !== '' && kindOf(id) === 'service'
}

export function splitNodeId(id: NodeId): { namespace: string; name: string } {
  const kind = kindOf(id)
  if (kind !== 'service') return { namespace: '', name: id.slice(kind.length + 1) }
  const slash = id.indexOf('/')
  return slash < 0 ? { namespace: '', name: id } : { namespace: id.slice(0, slash), name: id.slice(slash + 1) }
}

export function shortName(id: NodeId): string {
  return splitNodeId(id).name
}
