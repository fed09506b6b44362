import { afterEach, expect, test, vi } from 'vitest'
import { ApiError, getJson } from '../../src/api/client'

afterEach(() => void vi.unstubAllGlobals())

const answering = (answer: () => Promise<Response>) => vi.stubGlobal('fetch', vi.fn(answer))
const failure = (path = '/x') => getJson(path).then(() => expect.unreachable(), (e: ApiError) => e)
const json = (body: unknown, init: ResponseInit) => async () => new Response(JSON.stringify(body), init)

test('an answer is its JSON', async () => {
  answering(json({ a: 1 }, { status: 200 }))
  expect(await getJson('/x')).toEqual({ a: 1 })
})

test('a refusal says field, cause and the request to look up', async () => {
  answering(json({ title: 'Bad Request', status: 400, detail: 'want a duration', field: 'minDuration', code: 'bad_parameter', requestId: 'r1' }, { status: 400 }))
  const e = await failure()
  expect([e.message, e.status, e.code, e.requestId, e.unreachable]).toEqual(['minDuration: want a duration', 400, 'bad_parameter', 'r1', false])
})

test.each([
  ['a proxy’s page', '<h1>Bad Gateway</h1>', 502, 'Bad Gateway'],
  ['an empty body', '', 503, 'Service Unavailable'],
])('%s in place of a problem still says what is wrong', async (_, body, status, statusText) => {
  answering(async () => new Response(body, { status, statusText, headers: { 'X-Request-Id': 'r2' } }))
  const e = await failure()
  expect([e.message, e.status, e.requestId]).toEqual([statusText, status, 'r2'])
})

test('an answer cut short is an error with its request id', async () => {
  answering(async () => new Response('{"a":', { headers: { 'X-Request-Id': 'r3' } }))
  const e = await failure()
  expect([e.code, e.requestId]).toEqual(['bad_answer', 'r3'])
})

test('a dead server is unreachable', async () => {
  answering(() => Promise.reject(new TypeError('fetch failed')))
  expect((await failure()).unreachable).toBe(true)
})

test('a question given up is no error of the server', async () => {
  const stop = new AbortController()
  answering(() => {
    stop.abort()
    return Promise.reject(stop.signal.reason as Error)
  })
  const e: unknown = await getJson('/x', stop.signal).catch((cause: unknown) => cause)
  expect(e).toBe(stop.signal.reason)
  expect(e).not.toBeInstanceOf(ApiError)
})
