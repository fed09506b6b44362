// Numbers that carry their unit in their type. A plain number fits any of them;
// one unit does not fit another, so mixing them up is a type error.

type Unit<Name extends string> = number & { readonly unit?: Name }

/** A duration or offset; whole numbers below 2^53 (104 days), so a double is exact. */
export type Nanoseconds = Unit<'ns'>
export type Milliseconds = Unit<'ms'>
export type Seconds = Unit<'s'>
export type PerSecond = Unit<'1/s'>
/** A share or rate from 0 to 1. */
export type Ratio = Unit<'ratio'>
export type Pixels = Unit<'px'>
export type Bytes = Unit<'bytes'>
/** Milliseconds since 1970, with fractions: a point in time to about 0.2 µs. */
export type EpochMilliseconds = Unit<'epoch-ms'>

/** RFC 3339 in UTC with up to nanoseconds, as the API writes points in time. */
export type Timestamp = string

export const nanosPerMilli = 1e6

export function toMillis(duration: Nanoseconds): Milliseconds {
  return duration / nanosPerMilli
}
