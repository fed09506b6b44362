import { Palette } from '../model/palette'

/** One palette for all screens: a service has the same colour on each. */
export const palette = new Palette()
