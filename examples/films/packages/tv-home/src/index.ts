import { film } from "./film";
import { home } from "./home";

export { Card, Progress, SeriesCard } from "./card";
export { film, originals } from "./film";
export { home } from "./home";
export { addToMyList, putAside, removeFromMyList } from "./list";
export { me, Profile } from "./profile";
export { clearBookmark, setBookmark } from "./watch";

export const warmup = [home.with({}), film.with({ id: "jaws-1975" })];
