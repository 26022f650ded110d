export declare const textModules: { name: string; enforce: "pre"; load(id: string): Promise<string | null> };
