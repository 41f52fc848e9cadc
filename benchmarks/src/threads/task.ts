/** The same no-op for piscina and tinypool. */
const nothing = (): void => {}

export { nothing as default }
