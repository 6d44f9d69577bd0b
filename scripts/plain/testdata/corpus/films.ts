import { computed, format, graph, object, oneOf, shape } from "@facet/sdk";
import { capital, clamp, cut, MONTHS, plural, two } from "./texts";

const HOUR = 60;
const State = oneOf("State", ["NEW", "STARTED", "DONE"]);
const Progress = object("Progress", { percent: "Int", left: "String", state: State });
const Badge = object("Badge", { text: "String", color: "String" });
const Line = object("Line", { label: "String", value: "String" });

type Person = { name: string; role?: string; character?: string | null };

/** What film teams compute. */
export const Film = shape("Film", graph.Film, (f) => ({
  // 1
  duration: computed.string({ minutes: f.minutes }, ({ minutes }) => {
    if (minutes == null) return null;
    const h = Math.floor(minutes / HOUR);
    const m = minutes % HOUR;
    return h > 0 ? `${h}h ${two(m)}m` : `${m}m`;
  }),
  // 2
  clock: computed.string({ seconds: f.seconds }, ({ seconds }) => {
    if (seconds === null) return "--:--";
    const parts = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
    return parts.filter((p, i) => i > 0 || p > 0).map(two).join(":");
  }),
  // 3
  subtitle: computed.string({ year: f.year, genres: f.genres, minutes: f.minutes }, ({ year, genres, minutes }) =>
    [year, genres.slice(0, 2).join(", "), minutes && `${minutes} min`].filter(Boolean).join(" · ")),
  // 4
  progress: computed.object(Progress, { minutes: f.minutes, seconds: f.seconds }, ({ minutes, seconds }) => {
    if (!seconds || !minutes) return { percent: 0, left: null, state: "NEW" };
    const percent = clamp(Math.round((seconds / (minutes * 60)) * 100), 0, 100);
    const left = Math.max(0, minutes - Math.floor(seconds / 60));
    return { percent, left: plural(left, "minute left", "minutes left"), state: percent >= 95 ? "DONE" : "STARTED" };
  }),
  // 5
  cast: computed.string({ people: f.people }, ({ people }) =>
    ((people ?? []) as Person[]).filter((p) => p.role === "actor").slice(0, 3).map((p) => p.name).join(", ") || null),
  // 6
  director: computed.string({ people: f.people }, ({ people }) => (people as Person[] | null)?.find((p) => p.role === "director")?.name ?? null),
  // 7
  credits: computed.list.object(Line, { people: f.people }, ({ people }) =>
    ((people ?? []) as Person[]).map(({ name, character = "Self" }) => ({ label: name, value: character ?? "" }))),
  // 8
  stars: computed.string({ rating: f.rating }, ({ rating }) => {
    if (rating == null) return null;
    const full = Math.round(rating / 2);
    return "★".repeat(full) + "☆".repeat(Math.max(0, 5 - full));
  }),
  // 9
  ratingText: computed.string({ rating: f.rating, votes: f.votes }, ({ rating, votes }) =>
    rating == null || !votes ? null : `${rating.toFixed(1)} (${votes >= 1000 ? (votes / 1000).toFixed(1) + "k" : votes})`),
  // 10
  badge: computed.object(Badge, { live: f.live, year: f.year, rating: f.rating }, ({ live, year, rating }) =>
    live ? { text: "LIVE", color: "red" }
    : year != null && year >= 2024 ? { text: "NEW", color: "green" }
    : rating != null && rating > 8 ? { text: "TOP", color: "gold" }
    : null),
  // 11
  episodeCode: computed.string({ season: f.season, episode: f.episode }, ({ season, episode }) =>
    season == null || episode == null ? null : `S${two(season)}E${two(episode)}`),
  // 12
  fullTitle: computed.string({ series: f.series, season: f.season, title: f.title }, ({ series, season, title }) => {
    let text = title;
    if (series) {
      text = series + ": " + text;
      if (season) text += ` (Season ${season})`;
    }
    return text;
  }),
  // 13
  shortTitle: computed.string({ title: f.title }, ({ title }) => cut(title, 24)),
  // 14
  sortTitle: computed.string({ title: f.title }, ({ title }) => {
    const low = title.toLowerCase();
    for (const article of ["the ", "a ", "an "]) {
      if (low.startsWith(article)) return low.slice(article.length) + ", " + article.trim();
    }
    return low;
  }),
  // 15
  released: computed.string({ released: f.released }, ({ released }) => {
    if (!released) return null;
    const [y, m, d] = released.split("-");
    return `${parseInt(d, 10)} ${MONTHS[Number(m) - 1]} ${y}`;
  }),
  // 16
  decade: computed.string({ year: f.year }, ({ year }) => (year ? `${Math.floor(year / 10) * 10}s` : null)),
  // 17
  kindLabel: computed.string({ kind: f.kind, season: f.season }, ({ kind, season }) => {
    switch (kind) {
      case "MOVIE":
        return "Film";
      case "SHOW":
      case "SERIES":
        return season && season > 1 ? `Series, ${season} seasons` : "Series";
      default:
        return kind ? capital(kind.toLowerCase()) : "Other";
    }
  }),
  // 18
  isLong: computed.boolean({ minutes: f.minutes }, ({ minutes }) => (minutes ?? 0) > 150),
  // 19
  genreTags: computed.list.string({ genres: f.genres }, ({ genres }) => genres.map((g) => g.toUpperCase().replace(" ", "_"))),
  // 20
  family: computed.boolean({ genres: f.genres }, ({ genres }) => genres.some((g) => g === "Family" || g === "Animation") && !genres.includes("Horror")),
  // 21
  languages: computed.string({ langs: f.langs }, ({ langs }) => {
    if (!langs?.length) return "No subtitles";
    const [first, ...more] = langs;
    return more.length === 0 ? first : `${first} and ${more.length} more`;
  }),
  // 22
  fileSize: computed.string({ size: f.size }, ({ size }) => {
    if (size == null || size <= 0) return "0 B";
    const units = ["B", "KB", "MB", "GB"];
    let n = size, i = 0;
    while (n >= 1024 && i < units.length - 1) {
      n /= 1024;
      i++;
    }
    return `${i === 0 ? n : n.toFixed(1)} ${units[i]}`;
  }),
  // 23
  spokenVotes: computed.string({ votes: f.votes }, ({ votes }) => (votes == null ? null : `${format.number(votes)} ${format.plural(votes, { one: "vote", other: "votes" })}`)),
  // 24: a regular expression
  slug: computed.string({ title: f.title }, ({ title }) => title.toLowerCase().replace(/[^a-z0-9]+/g, "-")),
}));
