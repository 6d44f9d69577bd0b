import { browse } from "./browse";
import { film, home } from "./home";

export { browse } from "./browse";
export { Card, SeriesCard } from "./card";
export { film, home } from "./home";
export { addToMyList, clearBookmark, removeFromMyList, setBookmark } from "./mutations";

export const warmup = [home.with({}), film.with({ id: "jaws-1975" }), browse.with({ genre: "Western" })];
