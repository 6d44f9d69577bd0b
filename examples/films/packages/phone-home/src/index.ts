import { home } from "./home";

export { browse } from "./browse";
export { Card, SeriesCard } from "./card";
export { film, home } from "./home";
export { addToMyList, removeFromMyList, setBookmark } from "./mutations";

export const warmup = [home.with({})];
