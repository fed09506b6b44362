import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { colors, expectAccessible, launch, open, parameter, patience, place, serve, type Theme } from './kit'

const demoOperations = ['login', 'browse', 'view_product', 'add_to_cart', 'checkout', 'create_vm', 'attach_volume', 'delete_vm']

let browser: Browser
let server: Awaited<ReturnType<typeof serve>>
beforeAll(async () => {
  browser = await launch()
  server = await serve()
})
afterAll(async () => {
  await browser.close()
  await server.close()
})

/** Waits until the graph is placed and a flow's timeline is drawn. */
async function drawn(page: Page): Promise<void> {
  await page.locator('[data-node]').first().waitFor()
  await page.locator('[data-span]').first().waitFor()
}

/** The demo's first flows take a moment; the dashboard shows them by itself. */
const appear = { timeout: 2 * patience, interval: 500 }

test.each<Theme>(['dark', 'light'])('demo data appears in the %s theme, without complaints', async (theme) => {
  const { page, complaints } = await open(browser, `${server.url}/?theme=${theme}`, theme)
  await drawn(page)
  expect(await page.locator('html').getAttribute('data-theme')).toBe(theme)
  const requests = await page.locator('[data-tile="requests"] .value').textContent()
  expect(Number(requests?.replaceAll(',', ''))).toBeGreaterThan(0)
  await expect.poll(() => page.locator('[data-node]').count(), appear).toBeGreaterThanOrEqual(14)
  expect(await page.locator('[data-flow]').count()).toBeGreaterThan(0)
  expect(await colors(page, '.graph .canvas')).toBeGreaterThan(50)
  expect(await colors(page, '.minimap canvas')).toBeGreaterThan(3)
  await expectAccessible(page)
  expect(complaints).toEqual([])
  await page.close()
})

test('a filter by operation lands in the URL, and a reload shows the same', async () => {
  const { page, complaints } = await open(browser, server.url)
  await drawn(page)
  await page.locator('#operation').click()
  const offered = async () => (await page.locator('#operation-list [role=option]').allTextContents()).map((name) => name.trim())
  await expect.poll(offered, appear).toEqual(expect.arrayContaining(demoOperations))
  await page.locator('#operation-list').getByRole('option', { name: 'checkout' }).click()
  await page.getByRole('heading', { name: 'Flow of checkout' }).waitFor()
  expect(parameter(page, 'operation')).toBe('checkout')
  await expect.poll(async () => new Set(await page.locator('[data-flow] strong').allTextContents()), appear).toEqual(new Set(['checkout']))
  await page.getByRole('group', { name: 'Status' }).getByRole('button', { name: 'Success' }).click()
  await page.locator('[data-flow]').nth(2).click()
  const [flow, before] = [parameter(page, 'flow'), place(page)]
  expect(flow).toMatch(/^[0-9a-f]{32}$/)

  await page.reload()
  await drawn(page)
  expect(place(page)).toBe(before)
  expect(await page.locator('#operation').inputValue()).toBe('checkout')
  expect(await page.getByRole('button', { name: 'Success' }).getAttribute('aria-pressed')).toBe('true')

  await page.goBack()
  await expect.poll(() => parameter(page, 'status'), appear).toBeNull()
  expect(complaints).toEqual([])
  await page.close()
})

test('a node filters by its service, the table says the same as the graph', async () => {
  const { page, complaints } = await open(browser, `${server.url}/?operation=checkout`)
  await drawn(page)
  const nodes = await page.locator('[data-node]').count()
  await page.locator('[data-node$="/checkout"], [data-node="checkout"]').first().click()
  await expect.poll(() => parameter(page, 'service')).toMatch(/checkout$/)
  await page.getByRole('button', { name: 'Table' }).click()
  const table = page.getByRole('region', { name: 'Graph as tables' })
  await expect.poll(() => table.locator('table').first().locator('tbody tr').count()).toBeGreaterThanOrEqual(nodes)
  await expectAccessible(page)
  expect(complaints).toEqual([])
  await page.close()
})

/** Presses Tab until it reaches an element; more stops than the limit nobody would put up with. */
async function tabTo(page: Page, selector: string): Promise<void> {
  const reached = () => page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)
  for (let stop = 0; stop < 50 && !(await reached()); stop++) await page.keyboard.press('Tab')
  expect(await reached(), `Tab reaches ${selector}`).toBe(true)
}

test('from filter to span by keyboard alone', async () => {
  const { page, complaints } = await open(browser, server.url)
  await drawn(page)
  await page.keyboard.press('/')
  await page.keyboard.type('login')
  await page.keyboard.press('Enter')
  await expect.poll(() => parameter(page, 'operation')).toBe('login')
  await expect.poll(() => page.locator('.stale').count(), appear).toBe(0)
  await drawn(page)

  await tabTo(page, '[data-node]')
  // Which way there is a neighbour depends on the graph; one of four ways leads to one.
  const visited = new Set<string | null>()
  for (const arrow of ['ArrowRight', 'ArrowLeft', 'ArrowDown', 'ArrowUp']) {
    await page.keyboard.press(arrow)
    visited.add(await page.evaluate(() => document.activeElement?.getAttribute('data-node') ?? null))
  }
  expect(visited.size).toBeGreaterThan(1)
  expect(visited).not.toContain(null)

  await tabTo(page, '[role=listbox][aria-label=Flows]')
  const offered = parameter(page, 'flow')
  await page.keyboard.press('ArrowDown')
  await expect.poll(() => parameter(page, 'flow')).not.toBe(offered)
  const chosen = parameter(page, 'flow')
  await page.keyboard.press('Enter')
  await expect.poll(() => new URL(page.url()).pathname).toBe(`/flows/${chosen}`)
  await page.locator('[data-span]').first().waitFor()

  await tabTo(page, '[role=tab]')
  await page.keyboard.press('ArrowRight')
  await page.locator('[data-step]').first().waitFor()
  await page.keyboard.press('ArrowRight')
  await page.getByRole('region', { name: 'Call sequence' }).getByRole('listitem').first().waitFor()
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowLeft')
  await tabTo(page, '[role=treegrid]')
  await page.keyboard.press('ArrowDown')
  await page.locator('[data-span].selected').waitFor()
  expect(parameter(page, 'span')).toBe(await page.locator('[data-span].selected').getAttribute('data-span'))
  await page.getByRole('region', { name: 'Selected span' }).getByText('Resource').waitFor()
  expect(complaints).toEqual([])
  await page.close()
})

test('the help takes the focus and gives it back, pause says so', async () => {
  const { page } = await open(browser, server.url)
  await drawn(page)
  await tabTo(page, '[data-node]')
  await page.keyboard.press('?')
  const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
  await help.waitFor()
  expect(await help.evaluate((dialog) => dialog.contains(document.activeElement))).toBe(true)
  await page.keyboard.press('Escape')
  await help.waitFor({ state: 'hidden' })
  expect(await page.evaluate(() => document.activeElement?.matches('[data-node]'))).toBe(true)
  await page.keyboard.press('p')
  await page.getByText('Paused', { exact: true }).waitFor()
  await page.keyboard.press('t')
  await expect.poll(() => parameter(page, 'theme')).toBe('light')
  await page.close()
})
