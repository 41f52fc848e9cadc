/**
 * What somebody may have meant who has written a word that there is not.
 *
 * @internal
 */
import * as AutoCorrect from "@effect/cli/AutoCorrect"
import * as CliConfig from "@effect/cli/CliConfig"

const config = CliConfig.make({ isCaseSensitive: false })

/** The word that is so near that it is most likely meant. */
export const nearest = (word: string, words: ReadonlyArray<string>): string | undefined => {
  const distances = words.map((other) => [AutoCorrect.levensteinDistance(word, other, config), other] as const)
  const [best] = distances.sort(([one], [other]) => one - other)
  return best !== undefined && best[0] <= Math.max(1, Math.floor(word.length / 3)) ? best[1] : undefined
}
