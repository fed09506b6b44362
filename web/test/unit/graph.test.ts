import { expect, test } from 'vitest'
import type { FlowEdge, FlowNode, Graph } from '../../src/api/types'
import { layered, type LayoutRequest } from '../../src/layout/layered'
import { nearest } from '../../src/layout/nearest'
import { canKeep, extend } from '../../src/layout/stable'
import { edgeHealth, edgeWidth, findNodes, hiddenKinds, neighbourhood, subgraph, tidy } from '../../src/model/graph'
import { kindOf, splitNodeId } from '../../src/model/node'

function graph(...pairs: [string, string][]): Graph {
  const ids = [...new Set(pairs.flat())]
  return {
    nodes: ids.map((id) => ({ id, kind: kindOf(id), status: 'healthy' }) as FlowNode),
    edges: pairs.map(([from, to]) => ({ from, to, callCount: 10, errorRate: 0 }) as FlowEdge),
  }
}

const shop = graph(['web', 'shop/cart'], ['web', 'auth'], ['shop/cart', 'database:carts'], ['auth', 'database:users'])

test('node ids say kind, namespace and name', () => {
  expect(kindOf('queue:orders')).toBe('queue')
  expect(splitNodeId('shop/cart')).toEqual({ namespace: 'shop', name: 'cart' })
  expect(splitNodeId('database:a/b')).toEqual({ namespace: '', name: 'a/b' })
})

test('neighbours are callers and callees', () => {
  expect([...neighbourhood(shop, 'shop/cart', 1)].sort()).toEqual(['database:carts', 'shop/cart', 'web'])
  expect(neighbourhood(shop, 'shop/cart', 2).has('auth')).toBe(true)
  expect(subgraph(shop, new Set(['web', 'auth'])).edges).toHaveLength(1)
})

test('find looks at names and kinds', () => {
  expect([...(findNodes(shop, 'DATABASE') ?? [])]).toEqual(['database:carts', 'database:users'])
  expect(findNodes(shop, ' ')).toBeNull()
})

test('a large graph shows services only, unless the URL says what to hide', () => {
  expect(hiddenKinds(null, 20)).toEqual([])
  expect(hiddenKinds(null, 400)).toEqual(['database', 'queue', 'external'])
  expect(hiddenKinds('none', 400)).toEqual([])
  expect(hiddenKinds('queue.nonsense', 20)).toEqual(['queue'])
})

test('edges to nodes that are not there are left out', () => {
  expect(tidy({ nodes: shop.nodes.slice(0, 2), edges: shop.edges }).edges).toHaveLength(1)
})

test('an edge is down only after enough calls', () => {
  const edge = { callCount: 4, errorRate: 1 } as FlowEdge
  expect(edgeHealth(edge)).toBe('degraded')
  expect(edgeHealth({ ...edge, callCount: 5 })).toBe('down')
  expect(edgeWidth(100)).toBeGreaterThan(edgeWidth(1))
})

function request(g: Graph): LayoutRequest {
  return { boxes: g.nodes.map((n) => ({ id: n.id, width: 150, height: 42 })), lines: g.edges.map((e) => ({ ...e, labelWidth: 58 })) }
}

test('callers are left of callees, and no two boxes overlap', () => {
  const placed = layered(request(shop))
  for (const { from, to } of shop.edges) expect(placed.nodes[from]!.x).toBeLessThan(placed.nodes[to]!.x)
  const places = Object.values(placed.nodes)
  for (const [i, a] of places.entries()) {
    for (const b of places.slice(i + 1)) expect(Math.abs(a.x - b.x) >= 150 || Math.abs(a.y - b.y) >= 42).toBe(true)
  }
})

test('calls in a circle and to oneself are laid out, too', () => {
  const placed = layered(request(graph(['a', 'b'], ['b', 'c'], ['c', 'a'], ['a', 'a'])))
  expect(Object.keys(placed.nodes)).toHaveLength(3)
})

test('a graph that grows a little stays where it was', () => {
  const placed = layered(request(shop))
  const grown = request(graph(...shop.edges.map((e): [string, string] => [e.from, e.to]), ['web', 'mail']))
  expect(canKeep(placed, grown)).toBe(true)
  const next = extend(placed, grown)
  for (const id of Object.keys(placed.nodes)) expect(next.nodes[id]).toEqual(placed.nodes[id])
  const mail = next.nodes['mail']!
  for (const [id, p] of Object.entries(placed.nodes)) expect([id, Math.abs(p.x - mail.x) >= 150 || Math.abs(p.y - mail.y) >= 42]).toEqual([id, true])
  expect(canKeep(placed, request(graph(['x', 'y'])))).toBe(false)
})

test('arrow keys move to the nearest box ahead', () => {
  const places = { a: { x: 0, y: 0 }, b: { x: 100, y: 10 }, c: { x: 10, y: 100 } }
  expect(nearest(places, 'a', 'ArrowRight')).toBe('b')
  expect(nearest(places, 'a', 'ArrowDown')).toBe('c')
  expect(nearest(places, 'a', 'ArrowLeft')).toBeUndefined()
})

test('five hundred nodes are laid out within the worker’s budget', () => {
  const pairs = Array.from({ length: 1000 }, (_, i): [string, string] => [`n${(i * 7) % 250}`, `n${250 + ((i * 13) % 250)}`])
  const began = performance.now()
  layered(request(graph(...pairs)))
  expect(performance.now() - began).toBeLessThan(10_000)
})
