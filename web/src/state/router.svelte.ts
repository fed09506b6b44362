// The URL is the state: which screen, and everything it shows. One small
// router over the History API. Paths here are within the dashboard: "/operations",
// wherever it is mounted.
import { changed, link, type Changes } from '../model/view'

export type Route = { screen: 'dashboard' } | { screen: 'flow'; id: string } | { screen: 'operations' } | { screen: 'unknown' }

/** Where the dashboard is mounted, with a slash at the end: "/" or "/debug/flow/". */
const base = new URL('.', document.baseURI).pathname

/** The path within the dashboard; undefined for what lies beside it. The mount itself may be asked for without its slash. */
export function within(base: string, pathname: string): string | undefined {
  if (`${pathname}/` === base) return '/'
  return pathname.startsWith(base) ? pathname.slice(base.length - 1) : undefined
}

export function routeOf(pathname: string | undefined): Route {
  if (pathname === undefined) return { screen: 'unknown' }
  if (pathname === '/' || pathname === '/index.html') return { screen: 'dashboard' }
  if (pathname === '/operations') return { screen: 'operations' }
  const flow = /^\/flows\/([^/]+)$/.exec(pathname)
  return flow?.[1] ? { screen: 'flow', id: decode(flow[1]) } : { screen: 'unknown' }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a stray % is the flow's id to refuse, not ours
  }
}

class Router {
  #url = $state.raw(new URL(location.href))
  readonly query = $derived(this.#url.searchParams)
  readonly route = $derived(routeOf(within(base, this.#url.pathname)))

  /** Follows the browser's history and takes over clicks on links to other screens. Returns how to stop. */
  start(): () => void {
    const stop = new AbortController()
    addEventListener('popstate', () => (this.#url = new URL(location.href)), { signal: stop.signal })
    document.addEventListener('click', (event) => this.#follow(event), { signal: stop.signal })
    return () => stop.abort()
  }

  param(name: string): string {
    return this.query.get(name) ?? ''
  }

  go(href: string): void {
    history.pushState(null, '', href)
    this.#url = new URL(location.href)
    scrollTo(0, 0)
  }

  /** Changes what this screen shows. A change that a user would want to undo with Back is pushed. */
  set(changes: Changes, how: 'push' | 'replace' = 'replace'): void {
    const query = changed(this.query, changes).toString()
    if (query === this.query.toString()) return
    const href = this.#url.pathname + (query ? `?${query}` : '')
    if (how === 'push') history.pushState(null, '', href)
    else history.replaceState(null, '', href)
    this.#url = new URL(location.href)
  }

  /** The href of another screen with this one's filters, range and theme. */
  href(pathname: string, changes: Changes = {}): string {
    return link(base.slice(0, -1) + pathname, this.query, changes)
  }

  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const anchor = event.target instanceof Element ? event.target.closest('a') : null
    if (!anchor || anchor.target || anchor.hasAttribute('download') || anchor.origin !== location.origin) return
    if (routeOf(within(base, anchor.pathname)).screen === 'unknown') return
    event.preventDefault()
    this.go(anchor.href)
  }
}

export const router = new Router()
