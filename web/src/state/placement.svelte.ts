// Where the nodes of a graph are drawn. Layout runs in a worker that is
// stopped as soon as its result is no longer wanted.
import type { LayoutRequest, Placed } from '../layout/layered'
import { canKeep, extend, isComplete } from '../layout/stable'

export class Placement {
  placed = $state.raw<Placed | null>(null)
  /** Goes up with every new arrangement, as opposed to an addition to the last one. */
  arrangement = $state(0)
  #worker: Worker | null = null
  #scope = ''

  /** Places a graph. Within one scope, what is placed stays where it is. */
  place(scope: string, request: LayoutRequest): void {
    const placed = scope === this.#scope ? this.placed : null
    if (placed && isComplete(placed, request)) return
    if (placed && canKeep(placed, request)) {
      this.placed = extend(placed, request)
      return
    }
    this.#scope = scope
    this.arrange(request)
  }

  /** Lays the graph out anew. */
  arrange(request: LayoutRequest): void {
    this.stop()
    if (request.boxes.length === 0) return
    const worker = new Worker(new URL('../layout/layered.worker.ts', import.meta.url), { type: 'module' })
    this.#worker = worker
    worker.addEventListener('message', (event: MessageEvent<Placed>) => {
      if (this.#worker !== worker) return
      this.placed = event.data
      this.arrangement++
      this.stop()
    })
    worker.postMessage(request)
  }

  stop(): void {
    this.#worker?.terminate()
    this.#worker = null
  }
}
