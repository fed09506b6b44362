// A server that asks who is there, looked at in Chromium and followed by the
// clients that people have.
import { createClient, type Client } from 'graphql-ws'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { launch, open } from './kit'
import { building, start, type Program } from './program'

const secret = 's3cret'
const anyPort = ['--http=127.0.0.1:0', '--otlp-grpc=127.0.0.1:0', '--otlp-http=127.0.0.1:0']

let browser: Browser
let demo: Program
beforeAll(async () => {
  browser = await launch()
  demo = await start('cmd/flowscope', ['demo', '--rate=20', `--token=${secret}`, ...anyPort], /^ +Open +(\S+)$/m)
}, building)
afterAll(async () => {
  await browser.close()
  await demo.stop()
})

test('the dashboard opens for who knows the token, and for nobody else', async () => {
  const refused = await fetch(demo.url)
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('Basic')])
  const { page, complaints } = await open(browser, demo.url, 'dark', secret)
  await page.locator('[data-flow]').first().waitFor()
  expect(complaints).toEqual([])
  await page.close()
})

test('a page of the server follows flows without being told the token', async () => {
  const { page } = await open(browser, demo.url, 'dark', secret)
  const told = await page.evaluate(
    () =>
      new Promise<string[]>((resolve, reject) => {
        const socket = new window.WebSocket('/api/v1/ws')
        const types: string[] = []
        socket.onerror = () => reject(new Error('the handshake failed'))
        socket.onopen = () => socket.send(JSON.stringify({ type: 'subscribe', id: 'a' }))
        socket.onmessage = (event) => {
          if (types.push((JSON.parse(event.data) as { type: string }).type) === 2) resolve(types)
        }
      }),
  )
  expect(told).toEqual(['subscribed', expect.stringMatching(/^flow_(start|update|complete)$/)])
  await page.close()
})

/** The client of npm's graphql-ws, with a token in the handshake. */
function graphql(token: string): Client {
  class Authorized extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols, { headers: { Authorization: `Bearer ${token}` } })
    }
  }
  return createClient({ url: `${demo.url.replace('http', 'ws')}/graphql`, webSocketImpl: Authorized, retryAttempts: 0 })
}

test('graphql-ws asks, follows and goes on where it was', async () => {
  const client = graphql(secret)
  const follow = (after?: string) =>
    client.iterate<{ flowEvents: { type: string; cursor: string; flow: { operationName: string } } }>({
      query: 'subscription($after: String) { flowEvents(operation: "checkout", status: success, after: $after) { type cursor flow { operationName } } }',
      variables: { after },
    })
  const next = async (events: ReturnType<typeof follow>) => (await events.next()).value?.data?.flowEvents
  const events = follow()
  expect(await next(events)).toMatchObject({ type: 'heartbeat', cursor: expect.any(String) })
  const first = await next(events)
  expect(first).toEqual({ type: 'flow_complete', cursor: expect.any(String), flow: { operationName: 'checkout' } })
  const second = await next(events)
  await events.return?.()
  const again = follow(first?.cursor)
  expect(await next(again)).toMatchObject({ type: 'heartbeat', cursor: first?.cursor })
  expect(await next(again)).toEqual(second)
  await again.return?.()

  const answer = await client.iterate({ query: '{ status { version } }' }).next()
  expect(answer.value).toEqual({ data: { status: { version: expect.any(String) } } })
  const wrong = client.iterate({ query: 'subscription { flowEvents(minDuration: "1 parsec") { type } }' }).next()
  await expect(wrong).rejects.toMatchObject([{ message: expect.stringContaining('minDuration') }])
  await client.dispose()
})

test('graphql-ws is refused with another token', async () => {
  const client = graphql('guess')
  await expect(client.iterate({ query: '{ status { version } }' }).next()).rejects.toThrow(/401/)
  await client.dispose()
})
