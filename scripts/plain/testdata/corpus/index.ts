import { graph, view } from "@facet/sdk";
import { Account } from "./bank";
import { Film } from "./films";
import { Product } from "./shop";
import { User } from "./users";

export { Account } from "./bank";
export { Film } from "./films";
export { Product } from "./shop";
export { User } from "./users";

export const front = view({
  build: () => ({
    film: Film(graph.film({ id: "1" })),
    product: Product(graph.product({ id: "1" })),
    account: Account(graph.account({ id: "1" })),
    user: User(graph.user({ id: "1" })),
  }),
});
