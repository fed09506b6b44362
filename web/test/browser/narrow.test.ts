// A telephone: nothing reaches out of the page, and what is asked most is seen.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Mock } from '../mock/server'
import { expectAccessible, launch, open, serveMock } from './kit'

let browser: Browser
let mocks: Record<string, Mock>
beforeAll(async () => {
  browser = await launch()
  mocks = { server: await serveMock(), process: await serveMock({ process: true, prefix: '/debug/flow/' }) }
})
afterAll(async () => {
  await browser.close()
  for (const mock of Object.values(mocks)) await mock.close()
})

async function expectNarrow(page: Page, where: string): Promise<void> {
  expect([where, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([where, 390])
  const bar = await page.getByRole('banner').locator('a, button').evaluateAll((all) => all.map((e) => e.getBoundingClientRect()).map(({ left, right, top, bottom }) => ({ left, right, top, bottom })))
  const overlaps = bar.flatMap((a, i) => bar.slice(i + 1).filter((b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1))
  expect([where, overlaps]).toEqual([where, []])
}

test.each(['server', 'process'])('at 390 px everything of a %s has room', async (kind) => {
  const { page, complaints } = await open(browser, `${mocks[kind]?.url}/`)
  await page.setViewportSize({ width: 390, height: 844 })
  await page.locator('[data-span]').first().waitFor()
  await expectNarrow(page, 'flows')
  await expectAccessible(page)
  await page.getByRole('link', { name: 'Open flow' }).click()
  for (const tab of ['Timeline', 'Where time went', 'Call sequence', 'Flow graph']) {
    await page.getByRole('tab', { name: tab }).click() // it has to be seen for that
    await expectNarrow(page, tab)
  }
  await page.getByRole('link', { name: 'Operations' }).click()
  await page.locator('[data-operation]').first().waitFor()
  await expectNarrow(page, 'operations')
  const rate = await page.locator('[data-operation]').first().locator('.num').first().boundingBox()
  expect((rate?.x ?? 999) + (rate?.width ?? 0)).toBeLessThan(390)
  expect(complaints).toEqual([])
  await page.close()
})
