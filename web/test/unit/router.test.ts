import { beforeEach, expect, test, vi } from 'vitest'
import { rangeChanges, noFilters, parseFilters, type Changes } from '../../src/model/view'

// As much of a browser as the router touches.
let entries: string[]
let baseURI: string
let click: (event: object) => void
class FakeElement {
  constructor(readonly anchor: object | null) {}
  closest() {
    return this.anchor
  }
}
const page = {
  get href() {
    return entries.at(-1) ?? ''
  },
  origin: 'http://localhost',
}

beforeEach(() => {
  entries = ['http://localhost/']
  baseURI = 'http://localhost/'
  const absolute = (href: string) => new URL(href, page.href).href
  vi.stubGlobal('location', page)
  vi.stubGlobal('history', {
    pushState: (_: unknown, __: string, href: string) => entries.push(absolute(href)),
    replaceState: (_: unknown, __: string, href: string) => entries.splice(-1, 1, absolute(href)),
  })
  vi.stubGlobal('addEventListener', () => {})
  vi.stubGlobal('scrollTo', () => {})
  vi.stubGlobal('Element', FakeElement)
  vi.stubGlobal('document', { baseURI, addEventListener: (_: string, listener: typeof click) => (click = listener) })
})

/** The router as a page that was just loaded has it. */
async function load() {
  vi.resetModules()
  vi.stubGlobal('document', { ...document, baseURI })
  return import('../../src/state/router.svelte')
}

test.each([
  ['/', { screen: 'dashboard' }],
  ['/index.html', { screen: 'dashboard' }],
  ['/operations', { screen: 'operations' }],
  ['/flows/0af7651916cd43dd', { screen: 'flow', id: '0af7651916cd43dd' }],
  ['/flows/a%2Fb', { screen: 'flow', id: 'a/b' }],
  ['/flows/50%', { screen: 'flow', id: '50%' }],
  ['/flows/', { screen: 'unknown' }],
  ['/flows/a/b', { screen: 'unknown' }],
  ['/elsewhere', { screen: 'unknown' }],
])('%s is a screen', async (path, route) => expect((await load()).routeOf(path)).toEqual(route))

test.each([
  ['/', '/operations', '/operations'],
  ['/debug/flow/', '/debug/flow/', '/'],
  ['/debug/flow/', '/debug/flow', '/'],
  ['/debug/flow/', '/debug/flow/flows/ab', '/flows/ab'],
  ['/debug/flow/', '/debug/flowers', undefined],
  ['/debug/flow/', '/operations', undefined],
])('mounted at %s, %s is the path %s', async (base, pathname, path) => expect((await load()).within(base, pathname)).toBe(path))

test('mounted under a prefix, links stay below it and those beside it are left alone', async () => {
  baseURI = 'http://localhost/debug/flow/'
  entries = ['http://localhost/debug/flow?range=6h']
  const { router } = await load()
  expect(router.route).toEqual({ screen: 'dashboard' })
  router.go(router.href('/flows/ab'))
  expect(page.href).toBe('http://localhost/debug/flow/flows/ab?range=6h')
  expect(router.route).toEqual({ screen: 'flow', id: 'ab' })
  router.start()
  const preventDefault = vi.fn()
  const anchor = { target: '', hasAttribute: () => false, origin: page.origin, pathname: '/operations', href: 'http://localhost/operations' }
  click({ button: 0, target: new FakeElement(anchor), preventDefault })
  expect(preventDefault).not.toHaveBeenCalled()
})

const everything: Changes = {
  operation: 'GET /cart?id=1&x=+ü%→',
  environment: 'staging',
  service: 'shop/cart',
  status: 'timeout',
  min: '1.5s',
  ...rangeChanges({ start: '2026-03-01T12:00:00.123456789Z', end: '2026-03-01T13:00:00+00:30' }),
  find: 'db #2',
  hide: 'queue.external',
  label: 'p95',
  z: '12,-3,0.750',
  t: '1000-9000',
}

test('a reload shows what was shown', async () => {
  const { router } = await load()
  router.go('/flows/abc')
  router.set(everything)
  const again = (await load()).router
  expect(again).not.toBe(router)
  expect(again.route).toEqual(router.route)
  for (const [key, value] of Object.entries(everything)) expect([key, again.param(key)]).toEqual([key, value ?? ''])
  expect(parseFilters(again.query)).toEqual(parseFilters(router.query))
})

test('a link to another screen carries filters and range, not what only this screen shows', async () => {
  const { router } = await load()
  router.set({ ...everything, theme: 'dark' })
  const there = new URL(router.href('/operations', { status: null }), page.href).searchParams
  expect(parseFilters(there)).toEqual({ ...parseFilters(router.query), status: '' })
  expect([there.get('theme'), there.get('z'), there.get('t')]).toEqual(['dark', null, null])
})

test('equal states are equal URLs, however they were reached', async () => {
  const { router } = await load()
  for (const [key, value] of Object.entries(everything)) router.set({ [key]: value })
  const oneByOne = page.href
  router.set(Object.fromEntries(Object.keys(everything).map((key) => [key, null])))
  expect(page.href).toBe('http://localhost/')
  router.set(Object.fromEntries(Object.entries(everything).reverse()))
  expect(page.href).toBe(oneByOne)
})

test('only what Back should undo makes an entry, and no change makes none', async () => {
  const { router } = await load()
  router.set({ z: '1,2,3' })
  expect(entries).toHaveLength(1)
  router.set({ service: 'cart' }, 'push')
  expect(entries).toHaveLength(2)
  router.set({ service: 'cart', status: '' }, 'push')
  expect(entries).toHaveLength(2)
})

test('clearing filters keeps range, theme and graph, and leaves the page of the list', async () => {
  const { router } = await load()
  router.set({ operation: 'a', service: 'b', status: 'error', min: '1s', environment: 'e', page: '3', flow: 'f', range: '6h', theme: 'dark', label: 'p95' })
  router.set(noFilters)
  expect(router.query.toString()).toBe('label=p95&range=6h&theme=dark')
})

test.each([
  ['a plain click', {}, {}, true],
  ['a click for a new tab', { ctrlKey: true }, {}, false],
  ['the middle button', { button: 1 }, {}, false],
  ['a download', {}, { hasAttribute: () => true }, false],
  ['a link elsewhere', {}, { origin: 'http://other' }, false],
  ['a file of the server', {}, { pathname: '/metrics' }, false],
])('%s on a link', async (_, how, where, taken) => {
  const { router } = await load()
  router.start()
  const anchor = { target: '', hasAttribute: () => false, origin: page.origin, pathname: '/operations', href: 'http://localhost/operations?range=6h', ...where }
  const preventDefault = vi.fn()
  click({ button: 0, target: new FakeElement(anchor), preventDefault, ...how })
  expect(preventDefault).toHaveBeenCalledTimes(taken ? 1 : 0)
  expect(router.route.screen).toBe(taken ? 'operations' : 'dashboard')
})
