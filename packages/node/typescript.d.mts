export declare const loadTypeScript: (url: string) => Promise<void>
