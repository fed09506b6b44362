// What the REST API answers, field by field.
import type { Bytes, Milliseconds, Nanoseconds, PerSecond, Ratio, Seconds, Timestamp } from '../model/units'

export type NodeId = string
export type NodeKind = 'service' | 'database' | 'queue' | 'external'
export type Health = 'healthy' | 'degraded' | 'down'
export type FlowStatus = 'success' | 'error' | 'timeout'

/** How a flow by itself did: one that is not counted yet is active. */
export type FlowState = FlowStatus | 'active'
export type SpanStatus = 'UNSET' | 'OK' | 'ERROR'

export interface Period {
  start: Timestamp
  end: Timestamp
}

export interface Page {
  total: number
  page: number
  pageSize: number
  partial?: boolean
}

export interface Latencies {
  avgLatency: Milliseconds
  p50Latency: Milliseconds
  p95Latency: Milliseconds
  p99Latency: Milliseconds
}

export interface ServiceInfo {
  name: string
  namespace: string
  pod: string
  version: string
  deployment: string
}

export interface NodeMetrics extends Latencies {
  requestCount: number
  errorCount: number
  errorRate: Ratio
  selfTime: Milliseconds
  criticalShare: Ratio
}

export interface FlowNode {
  id: NodeId
  kind: NodeKind
  service: ServiceInfo
  metrics: NodeMetrics
  status: Health
}

export interface FlowEdge extends Latencies {
  from: NodeId
  to: NodeId
  callCount: number
  errorCount: number
  errorRate: Ratio
  retryCount: number
  circuitBreakCount: number
}

export interface Graph {
  nodes: FlowNode[]
  edges: FlowEdge[]
}

export interface OperationGraph extends Graph {
  operationName: string
  period: Period
  flowCount: number
}

export interface Dependencies extends Graph {
  metadata: { namespace: string; service: string; lastUpdated: Timestamp; period: Period }
}

export interface FlowSummary {
  flowId: string
  traceId: string
  operationName: string
  environment: string
  startTime: Timestamp
  endTime: Timestamp
  duration: Nanoseconds
  status: FlowStatus
  rootService: string
  rootName: string
  uiEvent?: string
  user?: string
  sessionId?: string
  spanCount: number
  serviceCount: number
  errorCount: number
  orphanCount: number
  complete: boolean
  error?: string
  services: NodeId[]
}

export interface FlowList extends Page {
  flows: FlowSummary[]
}

/** A flow that has begun and is not counted yet. */
export interface OpenFlow {
  flowId: string
  /** Empty until it is known. */
  operationName: string
  rootName: string
  startTime: Timestamp
  elapsedTime: Nanoseconds
  currentService: NodeId
  spanCount: number
  errorCount: number
}

export interface OpenFlowList extends Page {
  flows: OpenFlow[]
  note?: string
}

/** The step that each flow of a process is at. */
export interface ActiveSteps {
  flows: { id: string; current: string; request_path?: string }[]
}

export interface CriticalSegment {
  spanId: string
  service: NodeId
  name: string
  offset: Nanoseconds
  duration: Nanoseconds
}

export interface SequenceStep {
  step: number
  spanId: string
  parentSpanId: string
  service: NodeId
  pod: string
  name: string
  kind: string
  depth: number
  offset: Nanoseconds
  duration: Nanoseconds
  selfTime: Nanoseconds
  status: SpanStatus
  retry: boolean
  circuitBreak: boolean
  orphan: boolean
  clockSkew: Nanoseconds
}

export interface FlowError {
  spanId: string
  service: NodeId
  name: string
  message: string
  time: Timestamp
  type?: string
  stacktrace?: string
}

export interface FlowDetail extends Omit<FlowSummary, 'status'> {
  status: FlowState
  graph: Graph
  metadata: { environment: string; operationName: string; uiEvent?: string; totalDuration: Nanoseconds; totalSpans: number; errorCount: number }
  criticalPath: CriticalSegment[]
  sequence: SequenceStep[]
  errors: FlowError[]
}

export type AttributeValue = string | number | boolean | null | AttributeValue[] | { [key: string]: AttributeValue }
export type Attributes = Record<string, AttributeValue>

export interface SpanEvent {
  name: string
  timestamp: Timestamp
  offset: Nanoseconds
  attributes: Attributes
}

export interface SpanLink {
  traceId: string
  spanId: string
  traceState?: string
  attributes: Attributes
}

export interface Span {
  spanId: string
  parentSpanId?: string
  traceId: string
  name: string
  kind: string
  service: ServiceInfo
  nodeId: NodeId
  startTime: Timestamp
  endTime: Timestamp
  duration: Nanoseconds
  offset: Nanoseconds
  depth: number
  selfTime: Nanoseconds
  status: SpanStatus
  statusMessage?: string
  attributes: Attributes
  events: SpanEvent[]
  links: SpanLink[]
  traceState?: string
  flags: number
  droppedAttributesCount?: number
  droppedEventsCount?: number
  droppedLinksCount?: number
  resource: number
  scope: number
  critical: boolean
  orphan?: boolean
  clockSkew?: Nanoseconds
  corrections?: string[]
}

export interface Trace {
  traceId: string
  operationName: string
  startTime: Timestamp
  endTime: Timestamp
  duration: Nanoseconds
  status: FlowState
  spanCount: number
  serviceCount: number
  metadata: { environment: string; user?: string; sessionId?: string }
  resources: { attributes: Attributes; schemaUrl?: string; droppedAttributesCount?: number }[]
  scopes: { name: string; version: string; attributes?: Attributes; schemaUrl?: string }[]
  spans: Span[]
}

export interface OperationRow extends Latencies {
  name: string
  environments: string[]
  count: number
  errorCount: number
  errorRate: Ratio
  timeoutCount: number
  rate: PerSecond
  lastSeen: Timestamp
  /** Requests per slot of the period, at most 30 slots. */
  series: number[]
}

export interface OperationList extends Page {
  operations: OperationRow[]
  period: Period
}

export interface Stats extends Latencies {
  totalRequests: number
  successCount: number
  /** Timeouts included. */
  errorCount: number
  timeoutCount: number
  errorRate: Ratio
  rate: PerSecond
}

export interface StatsSlot {
  time: Timestamp
  count: number
  errorCount: number
  p50Latency: Milliseconds
  p95Latency: Milliseconds
  p99Latency: Milliseconds
}

export interface StatsAnswer {
  operationName: string
  period: Period
  stats: Stats & { services: { name: string; namespace: string; requestCount: number; errorCount: number }[] }
  series: StatsSlot[]
  previous: Stats
}

export interface ServiceRow {
  name: string
  namespace: string
  environment: string
  status: Health
}

export interface ServiceList extends Page {
  services: ServiceRow[]
  period: Period
}

/** Who answers: a server that other processes send to, or the one process that this dashboard is part of. */
export type Status = ServerStatus | ProcessStatus

export interface ServerStatus {
  mode?: 'server'
  version: string
  startTime: Timestamp
  uptimeSeconds: Seconds
  otlpGrpc: string
  otlpHttp: string
  spansReceived: number
  spansStored: number
  tracesOpen: number
  storeBytes: Bytes
}

export interface ProcessStatus {
  mode: 'process'
  service: string
  version: string
  environment: string
  startTime: Timestamp
  uptimeSeconds: Seconds
  /** From when on flows are counted: rates go no further back. */
  countedSince?: Timestamp
  /** Begun since the start, kept now, kept at most, not yet ended. */
  flowsTotal: number
  flowsKept: number
  flowsLimit?: number
  flowsActive: number
  historyBytes: Bytes
  historyLimitBytes: Bytes
  /** Lost because something could not keep up; not those that made room for newer ones. */
  flowsDropped: number
  goroutines: number
  heapBytes: Bytes
  /** Whether flows are recorded at all. */
  enabled: boolean
  /** "all", or how flows are chosen, in a word or two. */
  sampler: string
}

export interface Problem {
  type?: string
  title: string
  status: number
  detail?: string
  code?: string
  field?: string
  requestId?: string
}
