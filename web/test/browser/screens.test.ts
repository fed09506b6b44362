import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { colors, expectAccessible, launch, open, parameter, patience, place, serve, type Theme } from './kit'

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

interface FlowList {
  flows: { flowId: string; status: string; errorCount: number }[]
}

async function flow(query: string): Promise<string> {
  const url = `${server.url}/api/v1/flows?graph=false&pageSize=200&${query}`
  const read = async () => ((await (await fetch(url)).json()) as FlowList).flows[0]?.flowId ?? ''
  await expect.poll(read, { timeout: 3 * patience, interval: 500 }).not.toBe('')
  return read()
}

test.each<Theme>(['dark', 'light'])('a flow opens in the %s theme: facts, timeline, sequence, graph', async (theme) => {
  const id = await flow('operation=checkout&status=success')
  const { page, complaints } = await open(browser, `${server.url}/?operation=checkout&status=success&flow=${id}`, theme)
  await page.getByRole('link', { name: 'Open flow' }).click()
  await page.getByRole('heading', { level: 1, name: 'checkout' }).waitFor()
  expect(new URL(page.url()).pathname).toBe(`/flows/${id}`)
  await page.locator('[data-span]').first().waitFor()
  expect(await page.locator('[data-span]').count()).toBeGreaterThan(5)
  expect(await colors(page, '.minimap canvas')).toBeGreaterThan(3)
  await page.getByText('Share per service').waitFor()
  await expectAccessible(page)

  await page.locator('[data-span]').nth(3).click()
  await page.getByRole('region', { name: 'Selected span' }).getByText('Resource').waitFor()
  const span = parameter(page, 'span')
  await page.getByRole('tab', { name: 'Call sequence' }).click()
  const sequence = page.getByRole('region', { name: 'Call sequence' })
  await sequence.getByText('goes on').first().waitFor()
  expect(await sequence.locator('.number').first().textContent()).toBe('1')
  await expectAccessible(page)

  const before = place(page)
  await page.reload()
  await page.getByRole('region', { name: 'Call sequence' }).locator('button[aria-pressed=true]').waitFor()
  expect(place(page)).toBe(before)
  expect(parameter(page, 'span')).toBe(span)

  await page.getByRole('tab', { name: 'Flow graph' }).click()
  await page.locator('[data-node]').first().waitFor()
  expect(await colors(page, '.canvas')).toBeGreaterThan(50)
  await expectAccessible(page)
  expect(complaints).toEqual([])
  await page.close()
})

test('errors come first, and lead to their span', async () => {
  const id = await flow('status=error')
  const { page, complaints } = await open(browser, `${server.url}/flows/${id}`)
  const errors = page.getByRole('region', { name: 'Errors' })
  await errors.getByRole('button', { name: 'Show span' }).first().click()
  await expect.poll(() => parameter(page, 'span')).toMatch(/^[0-9a-f]{16}$/)
  const row = page.locator('[data-span].selected')
  await row.waitFor()
  expect(await row.getAttribute('data-span')).toBe(parameter(page, 'span'))
  await page.locator('[role=treegrid]').focus()
  await page.keyboard.press('[')
  await page.keyboard.press('e')
  await row.waitFor()
  await expectAccessible(page)
  expect(complaints).toEqual([])
  await page.close()
})

test('the timeline zooms, and the window is in the URL', async () => {
  const id = await flow('operation=checkout')
  const { page } = await open(browser, `${server.url}/flows/${id}`)
  await page.locator('[data-span]').first().waitFor()
  await page.locator('[role=treegrid]').focus()
  await page.keyboard.press('w')
  await expect.poll(() => parameter(page, 't')).toMatch(/^\d+-\d+$/)
  await page.getByRole('slider').focus()
  await page.keyboard.press('Home')
  await expect.poll(() => parameter(page, 't')).toBeNull()
  await page.close()
})

test.each<Theme>(['dark', 'light'])('operations sort, search and lead to their flows (%s)', async (theme) => {
  const { page, complaints } = await open(browser, `${server.url}/operations`, theme)
  const rows = page.locator('[data-operation]')
  await expect.poll(() => rows.count(), { timeout: 3 * patience, interval: 500 }).toBeGreaterThanOrEqual(8)
  const names = () => rows.evaluateAll((elements) => elements.map((e) => e.getAttribute('data-operation')))
  await page.getByRole('button', { name: 'Operation' }).first().click()
  const sorted = await names()
  expect(sorted).toEqual([...sorted].sort((a, b) => (String(a).toLowerCase() < String(b).toLowerCase() ? -1 : 1)))
  await expectAccessible(page)

  await page.locator('#search').fill('create_vm')
  await expect.poll(names).toEqual(['create_vm'])
  const before = place(page)
  await page.reload()
  await expect.poll(names, { timeout: patience }).toEqual(['create_vm'])
  expect(place(page)).toBe(before)

  await page.getByRole('link', { name: 'create_vm' }).click()
  await page.getByRole('heading', { name: 'Flow of create_vm' }).waitFor()
  expect(parameter(page, 'operation')).toBe('create_vm')
  expect(complaints).toEqual([])
  await page.close()
})
