/** What is looked at again and again, and must not grow. */

export type Figures = Readonly<Record<string, number>>

/** Of the second half of the looks no figure is more than the factor times the largest of the first, and the slack. */
export type Bound = { readonly factor: number; readonly slack: number } | { readonly most: number }

/** So few looks tell nothing. */
const fewest = 6

const largest = (looks: ReadonlyArray<Figures>, name: string): number =>
  Math.max(...looks.map((figures) => figures[name]!))

/** What has grown beyond its bounds; undefined if there are too few looks to tell. */
export const grown = (
  looks: ReadonlyArray<Figures>,
  bounds: Readonly<Record<string, Bound>>
): ReadonlyArray<string> | undefined => {
  if (looks.length < fewest) {
    return undefined
  }
  const half = Math.floor(looks.length / 2)
  return Object.entries(bounds).filter(([name]) => name in looks[0]!).flatMap(([name, bound]) => {
    const [before, after] = [largest(looks.slice(0, half), name), largest(looks.slice(half), name)]
    const most = "most" in bound ? bound.most : bound.factor * before + bound.slack
    return after <= most ? [] : [`${name}: up to ${before.toFixed(1)} first, then up to ${after.toFixed(1)}`]
  })
}
