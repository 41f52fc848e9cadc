/** What programs of other processes have in common, and whoever starts them. */

/** In milliseconds, by the one clock that all processes of a machine have. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6

/** When such a program is to end. */
export const disconnected = (): Promise<void> => new Promise((resolve) => process.once("disconnect", resolve))
