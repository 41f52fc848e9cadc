/** Makes one file of the command. */
export declare const bundle: (outfile: string) => Promise<unknown>
