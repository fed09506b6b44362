// What must stay equal: a screen before and after a reload, the graph and its
// table, the operations and the API's list of them.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FlowList, OperationList } from '../../src/api/types'
import { colors, launch, open, parameter, patience, place, serve, type Theme } from './kit'

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

/** The demo's first flows take a moment. */
const appear = { timeout: 2 * patience, interval: 250 }

async function api<T>(path: string): Promise<T> {
  return (await (await fetch(`${server.url}/api/v1${path}`)).json()) as T
}

/** Everything a reader would miss if a reload lost it. */
async function state(page: Page) {
  await page.locator('[data-span].selected').waitFor()
  return {
    place: place(page),
    title: await page.title(),
    theme: await page.locator('html').getAttribute('data-theme'),
    operation: await page.locator('#operation').inputValue(),
    range: await page.locator('#time-range').textContent(),
    flow: await page.locator('.preview a', { hasText: 'Open flow' }).getAttribute('href'),
    span: await page.locator('[data-span].selected').getAttribute('data-span'),
    table: await page.getByRole('region', { name: 'Graph as tables' }).isVisible(),
  }
}

test('a reload keeps operation, range, theme, flow, span and table', async () => {
  const { page, complaints } = await open(browser, server.url)
  await page.locator('#operation').click()
  await page.keyboard.type('view_prod')
  await page.locator('#operation-list').getByText('view_product', { exact: true }).click()
  await page.getByRole('button', { name: 'Last 15 minutes' }).click()
  await page.getByRole('button', { name: 'Last hour' }).click()
  await page.getByRole('button', { name: 'Use the light theme' }).click()
  await page.getByRole('button', { name: 'Table' }).click()
  await expect.poll(async () => new Set(await page.locator('[data-flow] strong').allTextContents()), appear).toEqual(new Set(['view_product']))
  await expect.poll(() => parameter(page, 'flow'), appear).toMatch(/^[0-9a-f]{32}$/)
  const offered = parameter(page, 'flow')
  await page.locator('[data-flow][aria-selected=false]').nth(1).click()
  await expect.poll(() => parameter(page, 'flow')).not.toBe(offered)
  await page.locator(`.preview a[href*="${parameter(page, 'flow')}"]`).waitFor()
  await page.locator('[data-span]').nth(2).click()

  const before = await state(page)
  expect(before).toMatchObject({ theme: 'light', operation: 'view_product', range: expect.stringContaining('Last hour'), table: true })
  expect(before.title).toContain('view_product')
  await page.reload()
  expect(await state(page)).toEqual(before)
  expect(complaints).toEqual([])
  await page.close()
})

test('the table has the nodes and the calls of the graph', async () => {
  const { page } = await open(browser, server.url)
  await page.locator('[data-node]').first().waitFor()
  await page.keyboard.press('p') // live data would grow between the two looks
  await page.getByText('Paused', { exact: true }).waitFor()
  const nodes = await page.locator('[data-node]').evaluateAll((all) => all.map((e) => e.getAttribute('data-node')).sort())
  const calls = await page.locator('g.edge').count()
  expect(calls).toBeGreaterThan(nodes.length / 2)
  await page.getByRole('button', { name: 'Table' }).click()
  const [services, edges] = [page.locator('table', { hasText: 'Services and what they call' }), page.locator('table', { hasText: 'Retries' })]
  await services.waitFor()
  expect(await services.locator('tbody .service').evaluateAll((all) => all.map((e) => e.getAttribute('title')).sort())).toEqual(nodes)
  expect(await edges.locator('tbody tr').count()).toBe(calls)
  await page.close()
})

test('every tile shows a number, and the themes look different', async () => {
  const background = async (theme: Theme) => {
    const { page } = await open(browser, server.url, theme)
    await page.locator('[data-tile] .value').first().waitFor()
    const values = await page.locator('[data-tile] .value').allTextContents()
    expect(values).toHaveLength(6)
    for (const value of values) expect(value).toMatch(/^[\d,.]+ ?(%|k|M|ns|µs|ms|s)?$/)
    expect(await colors(page, '[data-tile=requests]')).toBeGreaterThan(10)
    const color = await page.locator('html').evaluate((e) => getComputedStyle(e).backgroundColor)
    await page.close()
    return color.match(/\d+/g)?.map(Number) ?? []
  }
  const [dark, light] = [await background('dark'), await background('light')]
  expect(Math.max(...dark)).toBeLessThan(60)
  expect(Math.min(...light)).toBeGreaterThan(200)
})

test('a flow without errors says so, and its timeline has all of its spans', async () => {
  const clean = async () => (await api<FlowList>('/flows?graph=false&pageSize=100&status=success')).flows.find((f) => f.complete && f.errorCount === 0)
  await expect.poll(clean, appear).toBeDefined()
  const flow = await clean()
  const { page, complaints } = await open(browser, `${server.url}/flows/${flow?.flowId}`)
  await page.getByRole('region', { name: 'Errors' }).getByText('No errors detected').waitFor()
  expect(await page.getByRole('treegrid', { name: 'Timeline' }).getAttribute('aria-rowcount')).toBe(String(flow?.spanCount))
  const facts = page.getByLabel('Flow information')
  const fact = (term: string) => facts.locator('div', { has: page.getByText(term, { exact: true }) }).locator('dd').textContent()
  expect(await fact('Status')).toContain('Success')
  expect(await fact('Environment')).toBe(flow?.environment)
  expect(await fact('Spans')).toBe(String(flow?.spanCount))
  expect(await fact('Services')).toBe(String(flow?.serviceCount))
  expect(complaints).toEqual([])
  await page.close()
})

test('the operations table has all operations of the API, sorted either way', async () => {
  const list = async () => (await api<OperationList>('/operations?startTime=now-15m&endTime=now&pageSize=1000')).operations.map((o) => o.name).sort()
  await expect.poll(async () => (await list()).length, appear).toBeGreaterThanOrEqual(8)
  const { page, complaints } = await open(browser, `${server.url}/operations`)
  await page.locator('[data-operation]').first().waitFor()
  await page.keyboard.press('p')
  // The rows are placed by transform: their order is that of aria-rowindex. The figures are those of one moment.
  const rows = () =>
    page.locator('[data-operation]').evaluateAll((all) =>
      all
        .sort((a, b) => Number(a.getAttribute('aria-rowindex')) - Number(b.getAttribute('aria-rowindex')))
        .map((e) => ({ name: e.getAttribute('data-operation') ?? '', requests: Number(e.querySelectorAll('[role=cell]')[3]?.textContent?.replaceAll(',', '')) })),
    )
  expect((await rows()).map((row) => row.name).sort()).toEqual(await list())
  const requests = page.getByRole('columnheader', { name: 'Requests', exact: true })
  const counted = async () => (await rows()).map((row) => row.requests)
  const fewestFirst = (counts: number[]) => [...counts].sort((a, b) => a - b)
  expect(await counted()).toEqual(fewestFirst(await counted()).reverse())
  await requests.getByRole('button').click()
  await expect.poll(() => requests.getAttribute('aria-sort')).toBe('ascending')
  expect(await counted()).toEqual(fewestFirst(await counted()))
  expect(complaints).toEqual([])
  await page.close()
})

test('an unknown path says so and leads home', async () => {
  const { page, complaints } = await open(browser, `${server.url}/no/such/page`)
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
  await page.getByRole('link', { name: 'Go to the flows' }).click()
  await page.locator('[data-flow]').first().waitFor()
  expect(new URL(page.url()).pathname).toBe('/')
  expect(complaints).toEqual([])
  await page.close()
})

test('the policy refuses a foreign script, and the refusal does not go unseen', async () => {
  const { page, complaints } = await open(browser, server.url)
  await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'document.title = "taken over"'
    document.body.append(script)
  })
  await expect.poll(() => complaints.join()).toContain('Content Security Policy')
  expect(await page.title()).not.toBe('taken over')
  await page.close()
})
