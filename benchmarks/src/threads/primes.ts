/**
 * How many primes there are from `from` up to `to`, by trial division: work that needs a processor and nothing else.
 */
export const countPrimes = (from: number, to: number): number => {
  let count = 0
  for (let n = Math.max(from, 2); n < to; n++) {
    let isPrime = true
    for (let divisor = 2; divisor * divisor <= n; divisor++) {
      if (n % divisor === 0) {
        isPrime = false
        break
      }
    }
    count += isPrime ? 1 : 0
  }
  return count
}
