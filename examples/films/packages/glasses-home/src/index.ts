import { play, resume } from "./play";

export { addToMyList, clearBookmark, removeFromMyList, setBookmark } from "./mutations";
export { play, resume } from "./play";
export { Spot } from "./spot";

export const warmup = [play.with({ text: "play jaws" }), resume.with({})];
