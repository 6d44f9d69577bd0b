import { watch } from "./details";

export { Details, Saga, watch } from "./details";
export { NextUp, saveProgress, upNext } from "./playing";

export const warmup = [watch.with({ id: "inception-2010" })];
