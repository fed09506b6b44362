// The dashboard of a real service, served by the service itself: the example
// shop, asked by a customer, looked at in Chromium.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { FlowList } from '../../src/api/types'
import { colors, expectAccessible, launch, open, parameter, type Theme } from './kit'
import { building, start, type Program } from './program'

const operations = ['GET /products', 'GET /products/{id}', 'POST /cart/{id}', 'checkout']
const nodes = ['database:sqlite/shop', 'external:mail', 'external:payments', 'shop']

let browser: Browser
let shop: Program
let dashboard: string
beforeAll(async () => {
  browser = await launch()
  shop = await start('examples/shop', ['-addr=127.0.0.1:0'], /^shop +(\S+)\/products$/m)
  dashboard = `${shop.url}/debug/flow`
  await buy('good', 200)
  await buy('slow', 200)
  await buy('declined', 402)
  await buy('stuck', 504)
}, building)
beforeEach(() => expect.poll(async () => (await flows('checkout')).length).toBe(4))
afterAll(async () => {
  await browser.close()
  await shop.stop()
})

/** A customer's way through the shop, with one of the payment provider's cards. */
async function buy(card: string, status: number): Promise<void> {
  await fetch(`${shop.url}/products`)
  await fetch(`${shop.url}/products/2`)
  const cart = (await fetch(`${shop.url}/cart/2`, { method: 'POST' })).headers.getSetCookie()[0] ?? ''
  const answer = await fetch(`${shop.url}/checkout`, { method: 'POST', headers: { cookie: cart.split(';')[0] ?? '' }, body: JSON.stringify({ card }) })
  expect([card, answer.status]).toEqual([card, status])
}

async function flows(operation: string) {
  const answer = await fetch(`${dashboard}/api/v1/flows?pageSize=50&operation=${encodeURIComponent(operation)}`)
  return ((await answer.json()) as FlowList).flows
}

/** The flow of the checkout that took longest and succeeded. */
async function slowOne(): Promise<string> {
  const paid = (await flows('checkout')).filter((f) => f.status === 'success').sort((a, b) => b.duration - a.duration)
  return `${dashboard}/flows/${paid[0]?.flowId}`
}

/** Nothing went wrong, and nobody but the shop was asked for anything. */
function expectQuiet(opened: { complaints: string[]; requests: string[] }): void {
  expect(opened.complaints).toEqual([])
  expect(opened.requests.filter((url) => !url.startsWith(`${dashboard}/`) && url !== dashboard)).toEqual([])
}

const drawnNodes = (page: Page) => page.locator('[data-node]').evaluateAll((all) => all.map((e) => e.getAttribute('data-node')).sort())

test.each<Theme>(['dark', 'light'])('the shop shows what it calls and what its customers did (%s)', async (theme) => {
  const opened = await open(browser, dashboard, theme)
  const { page } = opened
  await page.locator('[data-span]').first().waitFor()
  expect(await page.title()).toBe('shop (this process)')
  await expect.poll(() => drawnNodes(page)).toEqual(nodes)
  expect(await colors(page, '.graph .canvas')).toBeGreaterThan(50)
  expect(await page.locator('[data-flow]').count()).toBe(16)
  await expectAccessible(page)

  await page.getByRole('link', { name: 'Operations' }).click()
  await page.locator('[data-operation]').first().waitFor()
  expect((await page.locator('[data-operation]').evaluateAll((all) => all.map((e) => e.getAttribute('data-operation')))).sort()).toEqual(operations)
  await expectAccessible(page)
  expectQuiet(opened)
  await page.close()
})

test.each(operations)('the graph of %s is what its flows called', async (operation) => {
  const opened = await open(browser, `${dashboard}/?operation=${encodeURIComponent(operation)}`)
  await opened.page.getByRole('heading', { name: `Flow of ${operation}` }).waitFor()
  await expect.poll(() => drawnNodes(opened.page)).toEqual(operation === 'checkout' ? nodes : ['database:sqlite/shop', 'shop'])
  expectQuiet(opened)
  await opened.page.close()
})

test.each<Theme>(['dark', 'light'])('a checkout has its timeline and where its time went (%s)', async (theme) => {
  const opened = await open(browser, await slowOne(), theme)
  const { page } = opened
  await page.getByRole('heading', { level: 1, name: 'checkout' }).waitFor()
  for (const step of ['POST /checkout', 'place order', 'INSERT orders', 'COMMIT', 'charge card', 'send receipt']) {
    await page.locator('[data-span]', { hasText: step }).first().waitFor()
  }
  await page.locator('[data-span]', { hasText: 'INSERT order_lines' }).click()
  await page.getByRole('region', { name: 'Selected span' }).getByText('INSERT INTO order_lines SELECT ?').waitFor()
  await expectAccessible(page)

  await page.getByRole('tab', { name: 'Where time went' }).click()
  await page.locator('[data-step]', { hasText: 'charge card' }).waitFor()
  expect(parameter(page, 'tab')).toBe('time')
  expect(await colors(page, '.sankey .box')).toBeGreaterThan(50)
  await expectAccessible(page)

  await page.getByRole('tab', { name: 'Flow graph' }).click()
  await expect.poll(() => drawnNodes(page)).toEqual(nodes)
  await expectAccessible(page)
  expectQuiet(opened)
  await page.close()
})

test('a failed checkout says why', async () => {
  const failed = (await flows('checkout')).filter((f) => f.status !== 'success')
  expect(failed.map((f) => f.status)).toEqual(['timeout'])
  const opened = await open(browser, `${dashboard}/flows/${failed[0]?.flowId}`)
  await opened.page.getByRole('region', { name: 'Errors' }).getByText('order 4 is open: the payment provider does not answer').waitFor()
  expectQuiet(opened)
  await opened.page.close()
})
