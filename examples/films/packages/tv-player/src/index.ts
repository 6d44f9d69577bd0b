import { watch } from "./details";
import { upNext } from "./playing";

export { Details, Saga, watch } from "./details";
export { playbackEnded } from "./ended";
export { NextUp, saveProgress, upNext } from "./playing";

export const warmup = [watch.with({ id: "inception-2010" }), upNext.with({ id: "inception-2010" })];
