import { browse, film, find, list } from "./views";

export { addToMyList, clearBookmark, putAside, removeFromMyList, setBookmark } from "./mutations";
export { FilmPage, Tile } from "./tile";
export { browse, film, find, list } from "./views";

export const warmup = [browse.with({ genre: "Western" }), film.with({ id: "jaws-1975" }), find.with({ text: "jaws" }), list.with({})];
