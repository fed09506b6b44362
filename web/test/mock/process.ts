// One service by itself, as its own dashboard sees it: its steps, its database,
// the outside systems that it calls.
import type { ProcessStatus } from '../../src/api/types'
import type { Call, World } from './shop'

const step = (name: string, ownMs: number, calls: Call[] = []): Call => ({ node: 'shop', name, ownMs, calls })
const query = (name: string, ownMs: number, fails = 0): Call => ({ node: 'database:shop.db', name, ownMs, fails, message: 'database is locked' })

const stock = step('check stock', 0.3, [query('SELECT stock', 0.4), query('SELECT stock', 0.5), query('SELECT stock', 0.4)])
const charge: Call = { node: 'external:payments.example', name: 'POST /v1/charges', ownMs: 38, fails: 0.08, message: '503 Service Unavailable', retried: true }

export const oneService: World = {
  environments: { usual: 'dev', other: 'dev' },
  operations: [
    { name: 'GET /products', weight: 50, root: step('GET /products', 0.4, [query('SELECT products', 1.2), step('render list', 0.9)]) },
    { name: 'GET /products/{id}', weight: 30, root: { ...step('GET /products/{id}', 0.3, [query('SELECT product', 0.5), { ...query('SELECT reviews', 1.8), parallel: true }, { ...step('similar products', 2.2, [query('SELECT similar', 1.1)]), parallel: true }, step('render page', 0.6)]), fails: 0.03, message: 'no such product' } },
    { name: 'POST /checkout', weight: 12, root: step('POST /checkout', 0.8, [step('load cart', 0.2, [query('SELECT cart', 0.5)]), stock, step('pay', 0.6, [charge]), query('INSERT order', 2.4, 0.02), { node: 'queue:mails', name: 'publish mails', ownMs: 0.1 }]) },
    { name: 'reindex', weight: 2, root: step('reindex', 4, [query('SELECT products', 6), step('tokenize', 14), query('INSERT terms', 9)]) },
  ],
}

/** How many flows the history has room for. */
export const kept = 1000

export function processStatus(flows: number, upSeconds: number, startTime: string): ProcessStatus {
  const flowsKept = Math.min(flows, kept)
  return {
    mode: 'process',
    service: 'shop',
    version: '1.2.3',
    environment: 'dev',
    startTime,
    countedSince: startTime,
    uptimeSeconds: upSeconds,
    flowsTotal: flows,
    flowsKept,
    flowsLimit: kept,
    flowsActive: Math.min(1, flows),
    historyBytes: flowsKept * 6_400,
    historyLimitBytes: 16 << 20,
    flowsDropped: 0,
    goroutines: 23,
    heapBytes: 18_300_000,
    enabled: true,
    sampler: 'all',
  }
}
