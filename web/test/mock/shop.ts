// A simulated shop and cloud console, as a server sees them: what each operation calls, and how often that fails.

export interface Call {
  /** Node id of who does the work. */
  node: string
  name: string
  /** Median of the node's own time. */
  ownMs: number
  /** Share of calls that fail, and how. */
  fails?: number
  message?: string
  /** A failed call is repeated once. */
  retried?: boolean
  /** A failed call never left: the circuit was open. */
  breaks?: boolean
  parallel?: boolean
  calls?: Call[]
}

const db = (name: string, statement: string, ownMs: number, fails = 0): Call => ({ node: `database:${name}`, name: statement, ownMs, fails, message: 'canceling statement due to statement timeout' })

const session: Call = { node: 'shop/auth', name: 'POST /verify', ownMs: 1.2, calls: [db('sessions', 'GET session', 0.4)] }
const stock: Call = { node: 'shop/inventory', name: 'GET /stock', ownMs: 3, calls: [db('inventory-db', 'SELECT stock', 2.2)] }
const prices: Call = { node: 'shop/pricing', name: 'GET /prices', ownMs: 4, fails: 0.004, message: 'no price list for region', calls: [db('sessions', 'MGET prices', 0.6)] }
const product: Call = { node: 'shop/catalog', name: 'GET /products', ownMs: 5, calls: [db('catalog-db', 'SELECT products', 6)] }
const recommend: Call = { node: 'shop/recommendation', name: 'GET /for-user', ownMs: 9, fails: 0.12, message: 'circuit breaker is open', breaks: true, calls: [db('catalog-db', 'SELECT similar', 8)] }

const through = (name: string, calls: Call[]): Call => ({
  node: 'shop/web-frontend',
  name,
  ownMs: 2,
  calls: [{ node: 'shop/api-gateway', name: name.replace('ui ', 'route '), ownMs: 1.4, calls }],
})

const pay: Call = {
  node: 'shop/payment',
  name: 'POST /charge',
  ownMs: 6,
  calls: [
    { node: 'shop/fraud', name: 'POST /score', ownMs: 14 },
    { node: 'external:bank.example', name: 'POST /authorize', ownMs: 70, fails: 0.05, message: 'card network: 502 Bad Gateway', retried: true },
  ],
}

const order: Call = {
  node: 'shop/checkout',
  name: 'POST /orders',
  ownMs: 7,
  calls: [
    { node: 'shop/cart', name: 'GET /cart', ownMs: 2, calls: [db('sessions', 'HGETALL cart', 0.5)] },
    stock,
    prices,
    pay,
    db('orders-db', 'INSERT order', 4, 0.006),
    {
      node: 'queue:orders',
      name: 'publish orders',
      ownMs: 0.8,
      calls: [{ node: 'shop/order-worker', name: 'process orders', ownMs: 12, calls: [{ node: 'shop/email', name: 'POST /send', ownMs: 5, calls: [{ node: 'external:smtp.example', name: 'SMTP DATA', ownMs: 30 }] }] }],
    },
  ],
}

const cloud = (name: string, calls: Call[]): Call => ({
  node: 'cloud/console',
  name,
  ownMs: 2,
  calls: [{ node: 'cloud/iam', name: 'POST /authorize', ownMs: 3, calls: [db('sessions', 'GET policy', 0.4)] }, ...calls],
})

const volumes: Call = { node: 'cloud/storage', name: 'POST /volumes', ownMs: 40, fails: 0.02, message: 'pool ssd-2 is out of space', calls: [db('cloud-db', 'INSERT volume', 4)] }
const network: Call = { node: 'cloud/network', name: 'POST /ports', ownMs: 35, calls: [db('cloud-db', 'INSERT port', 3)] }
const image: Call = { node: 'cloud/image', name: 'GET /images', ownMs: 20, calls: [db('catalog-db', 'SELECT image', 4)] }

/** Where made flows come from. */
export interface World {
  operations: Operation[]
  /** The operation whose flows have an oddity now and then. */
  odd?: string
  environments: { usual: string; other: string }
}

export interface Operation {
  name: string
  /** How often compared with the others. */
  weight: number
  root: Call
}

const operations: Operation[] = [
  { name: 'browse', weight: 30, root: through('ui browse', [session, { ...product, parallel: true }, { ...recommend, parallel: true }]) },
  { name: 'view_product', weight: 22, root: through('ui view product', [session, { ...product, parallel: true }, { ...stock, parallel: true }, { ...prices, parallel: true }]) },
  { name: 'login', weight: 14, root: through('ui login', [{ node: 'shop/auth', name: 'POST /login', ownMs: 22, fails: 0.015, message: 'wrong password', calls: [{ node: 'shop/user', name: 'GET /users', ownMs: 3, calls: [db('users-db', 'SELECT user', 3)] }, db('sessions', 'SET session', 0.5)] }]) },
  { name: 'add_to_cart', weight: 14, root: through('ui add to cart', [session, { node: 'shop/cart', name: 'POST /cart/items', ownMs: 3, calls: [stock, db('sessions', 'HSET cart', 0.6)] }]) },
  { name: 'checkout', weight: 8, root: through('ui checkout', [session, order]) },
  { name: 'create_vm', weight: 4, root: cloud('POST /vms', [{ node: 'cloud/compute', name: 'POST /instances', ownMs: 90, fails: 0.03, message: 'no valid host was found', calls: [image, { ...network, parallel: true }, { ...volumes, parallel: true }, { node: 'queue:scheduler', name: 'publish scheduler', ownMs: 1, calls: [{ node: 'cloud/scheduler', name: 'place instance', ownMs: 60, calls: [db('cloud-db', 'UPDATE instance', 4)] }] }] }]) },
  { name: 'attach_volume', weight: 3, root: cloud('POST /attachments', [volumes, { node: 'cloud/compute', name: 'POST /instances/attach', ownMs: 45 }]) },
  { name: 'delete_vm', weight: 2, root: cloud('DELETE /vms', [{ node: 'cloud/compute', name: 'DELETE /instances', ownMs: 70, fails: 0.6, message: 'instance is locked', calls: [{ ...network, name: 'DELETE /ports' }, { ...volumes, name: 'DELETE /volumes' }] }]) },
]

export const shop: World = { operations, odd: 'checkout', environments: { usual: 'production', other: 'staging' } }
