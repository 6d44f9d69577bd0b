import { expect, render, test, tiers } from "@facet/sdk/test";
import { playbackEnded, saveProgress, upNext, watch } from "./src/index";

const demo = tiers.from("./fixtures/demo.json");

test("a title's own page", async () => {
  const r = await render(watch, { viewer: "demo", tiers: demo, args: { id: "jaws-1975" }, locale: "en-US" });
  expect(r.errors).toEqual([]);
  expect(r.data).toMatchObject({
    title: "Jaws",
    tagline: "1975 · Horror · PG",
    badge: null,
    resumeAt: 1260,
    released: "June 20, 1975",
    credits: { director: "Steven Spielberg", basedOn: "Based on Book/Short Story" },
    ratings: { public: 8.3, votes: "138,017", critics: 100, verdict: "Everybody likes it" },
    saga: { title: "Jaws", years: "1975 – 1987" },
  });
});

test("a runtime in hours, and no saga", async () => {
  const { data } = await render(watch, { viewer: "demo", tiers: demo, args: { id: "inception-2010" } });
  expect(data.tagline).toBe("2010 · Thriller/Suspense · PG-13 · 2 h 27 min");
  expect(data.saga).toBeNull();
  expect(data.resumeAt).toBe(0);
});

test("the other films of a saga are pages too", async () => {
  const r = await render(watch, { viewer: "demo", tiers: demo, args: { id: "jaws-1975" }, fields: "saga(films(title))" });
  expect(r.data.saga.films.map((f: any) => f.title)).toEqual(["Jaws", "Jaws 2", "Jaws 4: The Revenge"]);
});

test("a dead bookmark tier starts the film at the beginning", async () => {
  const r = await render(watch, { viewer: "demo", tiers: demo.fail("bookmarks"), args: { id: "jaws-1975" } });
  expect(r.data.resumeAt).toBe(0);
  expect(r.errors).toEqual([]);
});

test("what to go on with", async () => {
  const { data } = await render(upNext, { viewer: "demo", tiers: demo, args: { id: "inception-2010" } });
  expect(data.after).toBe("Inception");
  expect(data.films).toHaveLength(3);
});

test("an unknown film is not found", async () => {
  const r = await render(watch, { viewer: "demo", tiers: demo, args: { id: "no-such-film" } });
  expect(r.data).toBeNull();
});

test("the heartbeat says what was saved", async () => {
  const r = await render(saveProgress, { viewer: "demo", tiers: demo, args: { title: "jaws-1975", positionSeconds: 1260 } });
  expect(r.data).toMatchObject({ positionSeconds: 1260, savedAt: "2026-11-22T12:00:00Z", title: { title: "Jaws", resumeAt: 1260 } });
});

const ending = demo.answer("bookmarks.Mutation.clearBookmark", { title: "inception-2010" });

test("a film that was seen to its end is forgotten", async () => {
  const r = await render(playbackEnded, { viewer: "demo", tiers: ending, args: { title: "inception-2010", positionSeconds: 8800 } });
  expect(r.errors).toEqual([]);
  expect(r.data).toEqual({ how: "FINISHED", minutes: 146, next: "jaws-1975" });
  expect(r.metrics).toEqual([
    { name: "playback_ended", value: 1, labels: { form: "tv", how: "FINISHED" } },
    { name: "watched_minutes", value: 146, labels: { how: "FINISHED" } },
  ]);
  expect(r.log[0]).toEqual({ level: "info", text: "playback ended", fields: { title: "inception-2010", minutes: 146, how: "FINISHED" } });
});

test("one that was stopped is remembered", async () => {
  const r = await render(playbackEnded, { viewer: "demo", tiers: ending, args: { title: "jaws-1975", positionSeconds: 1260 } });
  expect(r.data).toEqual({ how: "STOPPED", minutes: 21, next: null });
});

test("a bookmark tier that is away is an error, and nothing is counted", async () => {
  const r = await render(playbackEnded, { viewer: "demo", tiers: ending.fail("bookmarks"), args: { title: "jaws-1975", positionSeconds: 1260 } });
  expect(r.data).toBeNull();
  expect(r.errors[0].code).toBe("unavailable");
  expect(r.metrics).toHaveLength(0);
});

test("a film that is not there", async () => {
  const r = await render(playbackEnded, { viewer: "demo", tiers: ending, args: { title: "no-such-film", positionSeconds: 1 } });
  expect(r.errors[0]).toMatchObject({ code: "not_found", message: "There is no such film" });
});
