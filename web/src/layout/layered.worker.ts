import { layered, type LayoutRequest } from './layered'

addEventListener('message', (event: MessageEvent<LayoutRequest>) => {
  postMessage(layered(event.data))
})
