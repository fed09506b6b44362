// One GET with a deadline. Every failure becomes an ApiError that says its
// cause and, where the server answered, the request id to look up in its log.
import type { Problem } from './types'

/** Relative, as fetch and links resolve it: beside the page, wherever that is mounted. */
export const apiBase = 'api/v1'

/** Longer than any query should take; past it a dead connection shows as an error. */
const deadlineMs = 15_000

export class ApiError extends Error {
  override readonly name = 'ApiError'
  constructor(
    message: string,
    /** HTTP status; 0 when the server could not be reached. */
    readonly status: number,
    readonly code: string,
    readonly requestId: string,
  ) {
    super(message)
  }

  get unreachable(): boolean {
    return this.status === 0
  }
}

/** Fetches JSON of the given shape. Rejects with ApiError, or the abort's reason when signal fires. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const deadline = AbortSignal.timeout(deadlineMs)
  let response: Response
  try {
    response = await fetch(path, {
      headers: { Accept: 'application/json' },
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    })
  } catch (cause) {
    if (signal?.aborted) throw cause
    throw new ApiError(deadline.aborted ? `No answer within ${deadlineMs / 1000} s` : 'The server cannot be reached', 0, 'unreachable', '')
  }
  if (!response.ok) throw await failure(response)
  try {
    return (await response.json()) as T
  } catch (cause) {
    if (signal?.aborted) throw cause
    throw new ApiError('The answer is not JSON', response.status, 'bad_answer', requestId(response))
  }
}

function requestId(response: Response): string {
  return response.headers.get('X-Request-Id') ?? ''
}

async function failure(response: Response): Promise<ApiError> {
  const fallback: Problem = { title: response.statusText || `HTTP ${response.status}`, status: response.status }
  const problem = await (response.json() as Promise<Problem>).catch(() => fallback)
  const field = problem.field ? `${problem.field}: ` : ''
  return new ApiError(
    field + (problem.detail || problem.title || fallback.title),
    response.status,
    problem.code ?? 'error',
    problem.requestId || requestId(response),
  )
}
