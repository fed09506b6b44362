// Where each answer lives, from the filters a screen shows. The API refuses
// parameters that an endpoint does not know, so each builder sends only its own.
import { isService, splitNodeId } from '../model/node'
import { apiTime, type TimeRange } from '../model/time'
import type { Filters } from '../model/view'
import { apiBase } from './client'

type Parameters = Record<string, string | number | undefined>

function path(endpoint: string, parameters: Parameters): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(key, String(value))
  }
  const text = query.toString()
  return apiBase + endpoint + (text ? `?${text}` : '')
}

function times(range: TimeRange): Parameters {
  const { start, end } = apiTime(range)
  return { startTime: start, endTime: end }
}

/** The service filter as parameters; a database or queue cannot be asked for, it has no spans. */
function service(id: string): { service?: string; namespace?: string } {
  if (!isService(id)) return {}
  const { namespace, name } = splitNodeId(id)
  return { service: name, namespace }
}

export interface FlowQuery extends Filters {
  sort: 'time' | 'duration'
  page: number
}

/** Flows on one page of the dashboard's list. */
export const flowsPerPage = 50

export function flowsPath(q: FlowQuery): string {
  return path('/flows', {
    operation: q.operation,
    environment: q.environment,
    ...service(q.service),
    status: q.status,
    minDuration: q.minDuration,
    ...times(q.range),
    sort: q.sort,
    page: q.page,
    pageSize: flowsPerPage,
    graph: 'false',
  })
}

/** Flows that run, the longest first, whenever they began. */
export function openFlowsPath(f: Filters): string {
  return path('/flows', { status: 'active', sort: 'duration', operation: f.operation, environment: f.environment, ...service(f.service), pageSize: flowsPerPage })
}

/** What a process says of its flows that run, besides the API. */
export const activePath = 'active'

export function statsPath(f: Filters): string {
  if (f.operation) {
    return path(`/operations/${encodeURIComponent(f.operation)}/stats`, { environment: f.environment, ...times(f.range) })
  }
  return path('/stats', { environment: f.environment, service: service(f.service).service, ...times(f.range) })
}

export function graphPath(f: Filters): string {
  const parameters = { environment: f.environment, ...times(f.range) }
  if (f.operation) return path(`/operations/${encodeURIComponent(f.operation)}/graph`, parameters)
  return path('/dependencies', parameters)
}

/** As many operations as the table shows without asking again. */
const operationsPageSize = 1000

export function operationsPath(f: Pick<Filters, 'environment' | 'service' | 'range'>): string {
  return path('/operations', {
    environment: f.environment,
    service: service(f.service).service,
    ...times(f.range),
    pageSize: operationsPageSize,
  })
}

export function servicesPath(range: TimeRange): string {
  return path('/services', { ...times(range), pageSize: 200 })
}

export function flowPath(id: string): string {
  return path(`/flows/${encodeURIComponent(id)}`, {})
}

export function tracePath(id: string): string {
  return path(`/traces/${encodeURIComponent(id)}`, {})
}

export function otlpPath(id: string): string {
  return path(`/traces/${encodeURIComponent(id)}`, { format: 'otlp' })
}

export const statusPath = path('/status', {})
