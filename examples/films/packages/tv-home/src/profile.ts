import { graph, shape, view } from "@facet/sdk";
import { Card } from "./card";

/** Who watches, with what they started and what they put aside. */
export const Profile = shape("Profile", graph.Profile, (p) => ({
  name: p.name,
  color: p.avatarColor,
  maturity: p.maturity,
  continueWatching: p.continueWatching.page({ first: 10, max: 50 }).map(Card),
  myList: p.myList.page({ first: 20, max: 100 }).map(Card),
}));

/** The profile in use. */
export const me = view({ build: (_args, { viewer }) => Profile(graph.profile({ id: viewer.profile.id })) });
