// The REST API over made flows: paths, parameters, pages and errors as the server has them.
import type { OperationList, OperationRow, ServiceList, StatsAnswer, Trace } from '../../src/api/types'
import { spanOf } from '../../src/model/time'
import { detailOf, graphOf, groupBy, latencies, statsOf, summaryOf } from './aggregate'
import { kept, oneService, processStatus } from './process'
import { shop } from './shop'
import { openFlows } from './open'
import { at, makeFlow, type MadeFlow } from './traces'

export interface Answer {
  status: number
  body: unknown
}

/** A flow every two seconds: enough for smooth charts, few enough to compute at once. */
const everyMs = 2_000
const historyMs = 2 * 3600e3
const minute = 60e3

/** A period as slots of whole minutes, at most 30. */
function slotsOf(start: number, end: number): { count: number; width: number } {
  const width = Math.max(1, Math.ceil((end - start) / minute / 30)) * minute
  return { count: Math.ceil((end - start) / width), width }
}

export class MockApi {
  readonly #flows: MadeFlow[] = []
  readonly #first: number
  constructor(
    private readonly now: () => number,
    private readonly empty: boolean,
    private readonly process: boolean,
  ) {
    this.#first = now() - historyMs
  }

  /** Makes the flows that have begun by now. */
  #catchUp(): void {
    const due = this.empty ? 0 : Math.floor((this.now() - this.#first) / everyMs)
    for (let i = this.#flows.length; i < due; i++) this.#flows.push(makeFlow(this.process ? oneService : shop, i, this.#first + i * everyMs))
  }

  answer(path: string, query: URLSearchParams): Answer {
    this.#catchUp()
    const { start, end } = this.#period(query)
    if (this.process) {
      // Nothing is asked of a process that only a server knows.
      const foreign = ['environment', 'service', 'namespace'].find((name) => query.has(name))
      if (foreign) return problem(400, 'unknown_parameter', `one process has no ${foreign}`)
      if (path === '/services') return problem(404, 'not_found', 'one process has no services')
    }
    const all = this.process ? this.#flows.slice(-kept) : this.#flows
    const within = (from: number, to: number) =>
      all.filter((f) => f.startMs >= from && f.startMs < to && (!query.get('environment') || f.environment === query.get('environment')))
    const flows = within(start, end)
    const period = { start: at(start, 0), end: at(end, 0) }
    const named = /^\/operations\/([^/]+)\/(stats|graph)$/.exec(path)
    const id = /^\/(flows|traces)\/([^/]+)$/.exec(path)
    if (id) return this.#one(id[1] as string, id[2] as string)
    if (named) {
      const name = decodeURIComponent(named[1] ?? '')
      const chosen = flows.filter((f) => f.operation === name)
      if (named[2] === 'graph') return ok({ operationName: name, period, flowCount: chosen.length, ...graphOf(chosen) })
      return ok(this.#stats(name, start, end, within))
    }
    if (path === '/status' && this.process) return ok(processStatus(this.#flows.length, (this.now() - this.#first) / 1e3, at(this.#first, 0)))
    if (path === '/status') return ok({ version: 'test', startTime: at(0, 0), uptimeSeconds: 60, otlpGrpc: '127.0.0.1:4317', otlpHttp: '127.0.0.1:4318', spansReceived: this.#flows.length * 20, spansStored: this.#flows.length * 20, tracesOpen: 0, storeBytes: 1 << 20 })
    if (path === '/stats') return ok(this.#stats('', start, end, within))
    if (path === '/dependencies') return ok({ ...graphOf(flows), metadata: { namespace: '', service: '', lastUpdated: at(end, 0), period } })
    if (path === '/flows' && query.get('status') === 'active') return ok(openFlows(this.now(), this.process))
    if (path === '/flows') return ok(this.#list(flows, query))
    if (path === '/operations') return ok({ operations: this.#operations(flows, start, end), total: groupBy(flows, (f) => f.operation).size, page: 1, pageSize: 1000, period } satisfies OperationList)
    if (path === '/services') return ok(this.#services(flows, period))
    return problem(404, 'not_found', `no ${path}`)
  }

  #period(query: URLSearchParams) {
    const ago = spanOf((query.get('startTime') ?? '').replace('now-', ''))
    const end = query.get('endTime') === 'now' ? this.now() : Date.parse(query.get('endTime') ?? '') || this.now()
    const start = ago ? end - ago : Date.parse(query.get('startTime') ?? '') || end - 3600e3
    return { start: Math.floor(start / minute) * minute, end: Math.ceil(end / minute) * minute }
  }

  #one(kind: string, id: string): Answer {
    if (!/^[0-9a-f]{32}$/.test(id)) return problem(400, 'invalid_trace_id', 'a trace id is 32 hex digits')
    const flow = this.#flows.find((f) => f.id === id)
    if (!flow) return problem(404, 'not_found', `no flow ${id}`)
    if (kind === 'flows') return ok(detailOf(flow))
    const { flowId: _, services: __, ...summary } = summaryOf(flow)
    return ok({
      ...summary,
      metadata: { environment: flow.environment, user: 'user-17' },
      resources: [{ attributes: { 'service.name': 'shop', ...(this.process ? { 'service.version': '1.2.3' } : { 'k8s.namespace.name': 'shop' }), 'deployment.environment.name': flow.environment } }],
      scopes: [{ name: 'otelhttp', version: '0.60.0' }],
      spans: flow.spans,
    } satisfies Trace & { environment: string })
  }

  #stats(name: string, start: number, end: number, within: (from: number, to: number) => MadeFlow[]): StatsAnswer {
    const of = (from: number, to: number) => within(from, to).filter((f) => !name || f.operation === name)
    const { count, width } = slotsOf(start, end)
    const seconds = (Math.min(end, this.now()) - start) / 1e3
    return {
      operationName: name,
      period: { start: at(start, 0), end: at(end, 0) },
      stats: { ...statsOf(of(start, end), seconds), services: [] },
      series: Array.from({ length: count }, (_, i) => {
        const { totalRequests, errorCount, p50Latency, p95Latency, p99Latency } = statsOf(of(start + i * width, start + (i + 1) * width), width / 1e3)
        return { time: at(start + i * width, 0), count: totalRequests, errorCount, p50Latency, p95Latency, p99Latency }
      }),
      previous: statsOf(of(2 * start - end, start), seconds),
    }
  }

  #list(flows: MadeFlow[], query: URLSearchParams) {
    const wanted = (f: MadeFlow) =>
      (!query.get('operation') || f.operation === query.get('operation')) &&
      (!query.get('status') || f.status === query.get('status')) &&
      (!query.get('service') || f.spans.some((s) => s.service.name === query.get('service')))
    const found = flows.filter(wanted).map(summaryOf).reverse()
    if (query.get('sort') === 'duration') found.sort((a, b) => b.duration - a.duration)
    const page = Number(query.get('page') ?? 1)
    const pageSize = Number(query.get('pageSize') ?? 20)
    return { flows: found.slice((page - 1) * pageSize, page * pageSize), total: found.length, page, pageSize }
  }

  #operations(flows: MadeFlow[], start: number, end: number): OperationRow[] {
    return [...groupBy(flows, (f) => f.operation)].map(([name, group]) => {
      const { totalRequests, errorCount, errorRate, timeoutCount, rate } = statsOf(group, (Math.min(end, this.now()) - start) / 1e3)
      const { count, width } = slotsOf(start, end)
      const series = Array.from({ length: count }, () => 0)
      for (const f of group) series[Math.floor((f.startMs - start) / width)]! += 1
      return { name, environments: [...new Set(group.map((f) => f.environment))].sort(), count: totalRequests, errorCount, errorRate, timeoutCount, rate, ...latencies(group.map((f) => f.spans[0]?.duration ?? 0)), lastSeen: at(group.at(-1)?.startMs ?? 0, 0), series }
    })
  }

  #services(flows: MadeFlow[], period: { start: string; end: string }): ServiceList {
    const services = graphOf(flows).nodes.filter((n) => n.kind === 'service').map((n) => ({ name: n.service.name, namespace: n.service.namespace, environment: 'production', status: n.status }))
    return { services, total: services.length, page: 1, pageSize: 200, period }
  }
}

function ok(body: unknown): Answer {
  return { status: 200, body }
}

function problem(status: number, code: string, detail: string): Answer {
  return { status, body: { type: 'about:blank', title: code, status, code, detail, requestId: 'mock-request' } }
}
