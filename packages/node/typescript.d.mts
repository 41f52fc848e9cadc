export declare const loadTypeScript: (url: string) => Promise<void>
export declare const isTypeScript: (url: string) => boolean
