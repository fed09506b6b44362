// Flows that run: one that began twelve seconds ago and waits.
import type { ActiveSteps, OpenFlowList } from '../../src/api/types'
import { at } from './traces'

const id = 'ac'.repeat(16)

export function openFlows(now: number, process: boolean): OpenFlowList {
  const flow = {
    flowId: id,
    operationName: 'POST /checkout',
    rootName: 'POST /checkout',
    startTime: at(now - 12_000, 0),
    elapsedTime: 12e9,
    currentService: process ? 'shop' : 'shop/payments',
    spanCount: 3,
    errorCount: 0,
  }
  return { flows: [flow], total: 1, page: 1, pageSize: 50 }
}

export const activeSteps: ActiveSteps = { flows: [{ id, current: 'charge card' }] }
