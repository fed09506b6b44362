// The dashboard mounted below a prefix, as a service has it at /debug/flow:
// the same screens, and not a single request beside it.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Mock } from '../mock/server'
import { launch, open, parameter, place, serveMock } from './kit'

const prefix = '/debug/flow/'

let browser: Browser
let mock: Mock
beforeAll(async () => {
  browser = await launch()
  mock = await serveMock({ prefix })
})
afterAll(async () => {
  await browser.close()
  await mock.close()
})

/** Opens a path below the prefix; beside tells what was asked for elsewhere. */
async function visit(path: string): Promise<{ page: Page; complaints: string[]; beside: () => string[] }> {
  const { page, complaints, requests } = await open(browser, mock.url + path)
  const below = (url: string) => url === mock.url || url.startsWith(mock.url + '/') || url.startsWith(mock.url + '?')
  return { page, complaints, beside: () => requests.filter((url) => !below(url)) }
}

test.each(['', '/', '/index.html', '?theme=light', '/?theme=light'])('the flows appear at the mount and “%s”', async (path) => {
  const { page, complaints, beside } = await visit(path)
  await page.locator('[data-node]').first().waitFor()
  await page.locator('[data-span]').first().waitFor()
  const icon = await page.locator('link[rel=icon]').evaluate((link) => (link as HTMLLinkElement).href)
  expect(icon).toBe(`${mock.url}/icon.svg`)
  expect(complaints).toEqual([])
  expect(beside()).toEqual([])
  await page.close()
})

test('screens lead to one another below the prefix, and a reload shows the same', async () => {
  const { page, complaints, beside } = await visit('')
  await page.getByRole('link', { name: 'Operations' }).click()
  await page.locator('[data-operation]').first().waitFor()
  expect(place(page)).toMatch(/^\/debug\/flow\/operations/)
  await page.reload()
  await page.getByRole('link', { name: 'checkout' }).click()
  await page.getByRole('heading', { name: 'Flow of checkout' }).waitFor()
  expect(place(page)).toMatch(/^\/debug\/flow\/\?/)
  await page.getByRole('link', { name: 'Open flow' }).click()
  await page.getByRole('heading', { level: 1, name: 'checkout' }).waitFor()
  expect(place(page)).toMatch(/^\/debug\/flow\/flows\/[0-9a-f]{32}/)
  await page.locator('[data-span]').nth(2).click()
  await expect.poll(() => parameter(page, 'span')).not.toBeNull()
  await page.getByRole('tab', { name: 'Flow graph' }).click()
  await page.locator('[data-node]').first().waitFor()
  const otlp = await page.getByRole('link', { name: 'OTLP JSON' }).evaluate((link) => (link as HTMLAnchorElement).pathname)
  expect(otlp).toMatch(/^\/debug\/flow\/api\/v1\/traces\//)

  const before = place(page)
  await page.reload()
  await page.locator('[data-node]').first().waitFor()
  expect(place(page)).toBe(before)
  await page.getByRole('link', { name: 'Back' }).click()
  await page.locator('[data-flow]').first().waitFor()
  await page.goBack()
  await page.getByRole('tab', { name: 'Flow graph', selected: true }).waitFor()
  expect(place(page)).toBe(before)
  await page.keyboard.press('2')
  await page.locator('[data-operation]').first().waitFor()
  expect(complaints).toEqual([])
  expect(beside()).toEqual([])
  await page.close()
})

test('an unknown path below the prefix leads home', async () => {
  const { page, beside } = await visit('/no/such/page')
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
  await page.getByRole('link', { name: 'Go to the flows' }).click()
  await page.locator('[data-flow]').first().waitFor()
  expect(new URL(page.url()).pathname).toBe(prefix)
  expect(beside()).toEqual([])
  await page.close()
})

test('a page that does not find its files says what to set, and the dashboard takes the place of that', async () => {
  const page = await browser.newPage()
  await page.route('**/assets/**', (route) => route.abort())
  await page.goto(mock.url)
  await page.getByText('set flowhttp.WithPrefix').waitFor()
  await page.unroute('**/assets/**')
  await page.reload()
  await page.locator('[data-flow]').first().waitFor()
  expect(await page.getByText('flowhttp.WithPrefix').count()).toBe(0)
  await page.close()
})
