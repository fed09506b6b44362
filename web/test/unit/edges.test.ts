import { expect, test } from 'vitest'
import type { FlowEdge, FlowNode, Graph } from '../../src/api/types'
import { edgeMarks, fullEdgeText, nodeFacts } from '../../src/draw/node_card'
import { edgeHealth, edgeId, edgeLabels, edgeSentence, edgeText, edgeWidth, findNodes, formatLoad, hiddenKinds, neighbourhood, nodeSentence, subgraph, tidy } from '../../src/model/graph'
import { kindOf, shortName } from '../../src/model/node'

const latencies = { avgLatency: 5, p50Latency: 4, p95Latency: 12, p99Latency: 40 }

function edge(from: string, to: string, more: Partial<FlowEdge> = {}): FlowEdge {
  return { from, to, callCount: 120, errorCount: 0, errorRate: 0, retryCount: 0, circuitBreakCount: 0, ...latencies, ...more }
}

function node(id: string, more: Partial<FlowNode['metrics']> = {}): FlowNode {
  const service = { name: shortName(id), namespace: '', pod: '', version: '', deployment: '' }
  return { id, kind: kindOf(id), service, status: 'degraded', metrics: { requestCount: 60, errorCount: 0, errorRate: 0, selfTime: 1, criticalShare: 0, ...latencies, ...more } }
}

test.each([
  [0, 1000, 'healthy'],
  [0.0099, 1000, 'healthy'],
  [0.01, 1000, 'degraded'],
  [0.499, 1000, 'degraded'],
  [0.5, 5, 'down'],
  [1, 4, 'degraded'],
])('an error rate of %d over %d calls is %s', (errorRate, callCount, health) => expect(edgeHealth(edge('a', 'b', { errorRate, callCount }))).toBe(health))

test('a busier edge is wider, within bounds', () => {
  const widths = [0, 1, 10, 1000, 1e9].map(edgeWidth)
  expect(widths).toEqual([...widths].sort((a, b) => a - b))
  expect(widths[0]).toBeGreaterThanOrEqual(1)
  expect(widths.at(-1)).toBe(6)
})

test.each([
  [null, 40, []],
  [null, 41, ['database', 'queue', 'external']],
  ['none', 1000, []],
  ['queue.external', 10, ['queue', 'external']],
  ['queue.nonsense', 10, ['queue']],
  ['services', 10, []],
])('with hide=%s, %d nodes leave out %j', (chosen, nodes, hidden) => expect(hiddenKinds(chosen, nodes)).toEqual(hidden))

test('a graph in another order is the same graph, and the answer is left as it was', () => {
  const nodes = ['c', 'a', 'b'].map((id) => node(id))
  const edges = [edge('c', 'a'), edge('a', 'b'), edge('a', 'gone'), edge('gone', 'a')]
  const one = tidy({ nodes, edges })
  const other = tidy({ nodes: [...nodes].reverse(), edges: [...edges].reverse() })
  expect(one).toEqual(other)
  expect(one.nodes.map((n) => n.id)).toEqual(['a', 'b', 'c'])
  expect(one.edges.map(edgeId)).toEqual(['a→b', 'c→a'])
  expect(nodes.map((n) => n.id)).toEqual(['c', 'a', 'b'])
})

test('a neighbourhood grows a step at a time, against the arrows too, and ends in a circle', () => {
  const chain: Graph = { nodes: ['a', 'b', 'c', 'd', 'x'].map((id) => node(id)), edges: [edge('a', 'b'), edge('c', 'b'), edge('c', 'd'), edge('d', 'd')] }
  const near = (depth: number) => [...neighbourhood(chain, 'a', depth)].sort().join('')
  expect([0, 1, 2, 3, 9].map(near)).toEqual(['a', 'ab', 'abc', 'abcd', 'abcd'])
  const kept = subgraph(chain, neighbourhood(chain, 'd', 1))
  expect([kept.nodes.map((n) => n.id), kept.edges.map(edgeId)]).toEqual([['c', 'd'], ['c→d', 'd→d']])
})

test('find ignores case and blanks around, and says nothing from finding nothing', () => {
  const graph: Graph = { nodes: [node('shop/Cart'), node('queue:orders')], edges: [] }
  expect([...(findNodes(graph, '  cART ') ?? [])]).toEqual(['shop/Cart'])
  expect([...(findNodes(graph, 'queue') ?? [])]).toEqual(['queue:orders'])
  expect(findNodes(graph, 'no such')).toEqual(new Set())
  expect(findNodes(graph, '')).toBeNull()
})

test('labels: a rate over a period, a count in one flow, errors only where there are any', () => {
  const failing = edge('a', 'b', { errorCount: 6, errorRate: 0.05 })
  expect(edgeLabels.map((label) => edgeText(failing, label, 60))).toEqual(['2/s', '12 ms', '5%', ''])
  expect(edgeText(failing, 'rate', null)).toBe('120×')
  expect(edgeText(edge('a', 'b'), 'errors', 60)).toBe('')
  expect(formatLoad(0, 60)).toBe('0/s')
})

test('retries and circuit breaks are marked with every label but none', () => {
  const tried = edge('a', 'b', { retryCount: 3, circuitBreakCount: 1 })
  expect(edgeMarks(edge('a', 'b'))).toBe('')
  expect(edgeLabels.map((label) => fullEdgeText(tried, label, 60))).toEqual(['2/s ↻3 ⚡1', '12 ms ↻3 ⚡1', '↻3 ⚡1', ''])
})

test('what readers hear names everything that is drawn', () => {
  const said = edgeSentence(edge('shop/web', 'database:carts', { errorRate: 0.05, retryCount: 3, circuitBreakCount: 2 }), 60)
  expect(said).toBe('web calls carts, 2/s, 5% errors, p95 12 ms, 3 retries, 2 circuit breaks')
  expect(edgeSentence(edge('a', 'b'), null)).toBe('a calls b, 120 times, 0% errors, p95 12 ms')
  expect(nodeSentence(node('queue:orders'), 60)).toBe('queue orders, degraded, 1/s, 0% errors, p95 12 ms')
})

test('a node says errors as a share over a period and as a number in one flow', () => {
  const failing = node('a', { errorCount: 3, errorRate: 0.05 })
  expect(nodeFacts(failing, 60)).toEqual({ plain: '1/s · 12 ms', errors: '5%' })
  expect(nodeFacts(failing, null)).toEqual({ plain: '60× · 12 ms', errors: '3 failed' })
  expect(nodeFacts(node('a'), 60).errors).toBe('')
})
