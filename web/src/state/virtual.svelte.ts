// Rows of a long list that are near the viewport, by @tanstack/virtual-core.
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer, type VirtualItem } from '@tanstack/virtual-core'
import type { Pixels } from '../model/units'

export interface VirtualOptions {
  count: () => number
  rowHeight: (index: number) => Pixels
  viewport: () => HTMLElement | null
}

export class VirtualRows {
  items = $state.raw<VirtualItem[]>([])
  height = $state<Pixels>(0)
  readonly #virtualizer: Virtualizer<HTMLElement, HTMLElement>

  /** Call while a component is being set up. */
  constructor(private readonly options: VirtualOptions) {
    this.#virtualizer = new Virtualizer(this.#settings(0))
    $effect(() => {
      this.#virtualizer.setOptions(this.#settings(options.count()))
      options.viewport()
      this.#virtualizer._willUpdate()
      this.#virtualizer.measure()
      this.#read()
    })
    $effect(() => this.#virtualizer._didMount())
  }

  show(index: number): void {
    this.#virtualizer.scrollToIndex(index, { align: 'auto' })
  }

  #settings(count: number) {
    return {
      count,
      getScrollElement: this.options.viewport,
      estimateSize: this.options.rowHeight,
      overscan: 12,
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      onChange: () => this.#read(),
    }
  }

  #read(): void {
    this.items = this.#virtualizer.getVirtualItems()
    this.height = this.#virtualizer.getTotalSize()
  }
}
