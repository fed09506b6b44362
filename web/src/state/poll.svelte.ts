// An answer that keeps itself fresh. While another is on its way, or after one
// failed, the last good answer stays and says that it is stale.
import { untrack } from 'svelte'
import { ApiError, getJson } from '../api/client'
import type { EpochMilliseconds } from '../model/units'
import { live } from './live.svelte'

export class Poll<T> {
  data = $state.raw<T | null>(null)
  error = $state.raw<ApiError | null>(null)
  /** Whether the data answers an earlier question than the one asked now. */
  changing = $state(false)
  loading = $state(false)
  /** When the data came. */
  at = $state<EpochMilliseconds>(0)
  readonly stale = $derived(this.data !== null && (this.error !== null || this.changing))

  #path: string | null = null
  #request: AbortController | null = null

  /**
   * Asks for the path whenever it changes, and again at every tick unless
   * `again` says that the answer will not change any more. A null path asks nothing.
   * Call while a component is being set up.
   */
  constructor(path: () => string | null, again: (data: T | null) => boolean = () => true) {
    $effect(() => {
      const next = path()
      untrack(() => this.#ask(next))
    })
    $effect(() => {
      if (live.tick > 0) untrack(() => again(this.data) && this.#again())
    })
    $effect(() => () => this.#request?.abort())
  }

  retry(): void {
    this.#request?.abort()
    this.#request = null
    void this.#fetch()
  }

  #ask(path: string | null): void {
    if (path === this.#path) return
    this.#request?.abort()
    this.#request = null
    this.#path = path
    this.error = null
    if (path === null) this.data = null
    this.changing = this.data !== null
    void this.#fetch()
  }

  #again(): void {
    if (!this.#request) void this.#fetch()
  }

  async #fetch(): Promise<void> {
    if (this.#path === null) return
    const request = new AbortController()
    this.#request = request
    this.loading = true
    live.asked()
    try {
      const data = await getJson<T>(this.#path, request.signal)
      this.data = data
      this.at = Date.now()
      this.error = null
      live.answered()
    } catch (cause) {
      if (request.signal.aborted) return
      this.error = cause instanceof ApiError ? cause : new ApiError(String(cause), 0, 'unexpected', '')
      live.failed(this.error.unreachable)
    } finally {
      live.settled()
      if (this.#request === request) {
        this.#request = null
        this.loading = false
        if (!this.error) this.changing = false
      }
    }
  }
}
