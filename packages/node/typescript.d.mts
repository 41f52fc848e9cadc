export declare const importModule: (url: string) => Promise<Record<string, unknown>>
export declare const isTypeScript: (url: string) => boolean
